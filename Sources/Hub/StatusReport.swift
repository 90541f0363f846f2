import FastCGI
import FileQueue

/// What `GET /status` tells.
struct StatusReport: Encodable {
  let queue: QueueStatus
  /// What an acknowledgement is worth: `full`, `interval` or `none`.
  let durability: String

  /// How much the queue holds.
  struct QueueStatus: Encodable {
    /// Half of every event id.
    let epoch: String
    /// The ids of the oldest and the newest event; missing while there is none.
    let oldest: String?
    let newest: String?
    let events: Int
    let segments: Int
    let bytes: Int

    init(_ figures: QueueFigures) {
      let newest = EventID(epoch: figures.epoch, sequence: figures.next)
      epoch = String(newest.description.prefix(8))
      oldest = figures.oldestID?.description
      self.newest = figures.newestID?.description
      events = figures.eventCount
      segments = figures.segmentCount
      bytes = figures.byteCount
    }
  }

  /// The answer.
  var response: Response {
    Response(
      status: 200,
      headers: [
        (name: "Content-Type", value: "application/json"),
        (name: "Cache-Control", value: "no-store"),
      ],
      body: JSON.encode(self))
  }
}
