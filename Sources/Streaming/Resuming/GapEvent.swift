import Figures
import FileQueue

/// Tells a subscriber, in the stream, that events are missing: `event: weir.gap`.
struct GapEvent: Sendable {
  /// What the subscriber asked to resume after.
  let requested: String
  /// The event before the first one that it gets next: who loses the connection now resumes behind it.
  let resume: EventID
  /// The first event that it gets next, or will get.
  let oldest: EventID
  /// The last event on disk.
  let newest: EventID
  let reason: GapReason

  /// - Parameter next: the first event that the subscriber gets.
  init(requested: String, next: UInt64, in queue: borrowing Queue, reason: GapReason) {
    self.requested = requested
    self.reason = reason
    resume = queue.epochs.id(of: next - 1)
    oldest = queue.epochs.id(of: next)
    newest = queue.newestID
  }

  private struct Content: Encodable {
    let requested: String
    let oldest: String
    let newest: String
    let reason: String
  }

  /// The event that tells.
  var event: OwnEvent {
    OwnEvent(
      "weir.gap",
      Content(
        requested: requested, oldest: oldest.description, newest: newest.description,
        reason: reason.rawValue), id: resume)
  }
}
