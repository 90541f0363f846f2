import Figures
import FileQueue

/// Tells a subscriber, in the stream, that events are missing: `event: weir.gap`.
struct GapEvent {
  /// What the subscriber asked to resume after.
  let requested: String
  /// The first event that it gets next, or will get.
  let oldest: EventID
  /// The last event on disk.
  let newest: EventID
  let reason: GapReason

  private struct Content: Encodable {
    let requested: String
    let oldest: String
    let newest: String
    let reason: String
  }

  /// Appends the event.
  ///
  /// Its id is the one before the next event, so that a client that loses the connection now
  /// resumes behind the gap.
  func append(to bytes: inout [UInt8]) {
    let content = Content(
      requested: requested, oldest: oldest.description, newest: newest.description,
      reason: reason.rawValue)
    let resume = EventID(epoch: oldest.epoch, sequence: oldest.sequence - 1)
    bytes.append(contentsOf: "event: weir.gap\ndata: ".utf8)
    // JSON.encode ends with a newline, which ends the data line.
    bytes.append(contentsOf: JSON.encode(content))
    bytes.append(contentsOf: "id: \(resume)\n\n".utf8)
  }
}
