import Figures
import FileQueue

/// Events that somebody asks for and does not get, as a stream tells of them with `weir.gap`.
struct EventGap: Decodable {
  /// The id or the time behind which they are missing.
  let requested: String
  /// The id of the first event that is there, or is to come.
  let oldest: String
  /// A ``GapReason``, or what a newer weir may know.
  let reason: String

  init(requested: String, oldest: EventID, _ reason: GapReason) {
    self.requested = requested
    self.oldest = oldest.description
    self.reason = reason.rawValue
  }

  /// Tells of it on standard error.
  func tell() {
    let text =
      "events are missing behind \(requested): \(cause); it goes on with \(oldest)".printable
    StandardError.write("weir: \(text)\n")
  }

  private var cause: String {
    switch GapReason(rawValue: reason) {
    case .expired: "they are older than what is kept"
    case .unknownEpoch: "there is no such event"
    case .ahead: "it has not come so far yet"
    case .damaged: "they are damaged, `weir check` tells where"
    case .restored: "they were lost when the queue was restored"
    case nil: reason
    }
  }
}
