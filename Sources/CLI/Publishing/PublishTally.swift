/// What became of the events of a batch, or of all that was published so far.
struct PublishTally {
  /// Errors that are told; of the others their number.
  static let toldErrorCountMaximum = 100

  /// Events that are published, those among them that were before.
  var acceptedCount = 0
  /// Of these, events that were published before, by their keys.
  var replayedCount = 0
  /// Events that were refused.
  var rejectedCount = 0
  /// Why, and in which line of the input, as far as that is told.
  var errors: [(line: Int, reason: String)] = []
  /// The ids of the first and the last one.
  var first: String?
  var last: String?
  private var toldCount = 0

  /// Adds what became of the next batch, and tells its errors.
  mutating func add(_ batch: PublishTally) {
    acceptedCount += batch.acceptedCount
    replayedCount += batch.replayedCount
    rejectedCount += batch.rejectedCount
    first = first ?? batch.first
    last = batch.last ?? last
    for error in batch.errors.prefix(Self.toldErrorCountMaximum - toldCount) {
      StandardError.write("weir: line \(error.line): \(error.reason)\n")
      toldCount += 1
    }
  }

  /// Adds an event that was published.
  mutating func accept(_ id: String, isReplayed: Bool) {
    acceptedCount += 1
    replayedCount += isReplayed ? 1 : 0
    first = first ?? id
    last = id
  }

  /// Adds an event that was refused.
  mutating func reject(_ line: Int, _ reason: String) {
    rejectedCount += 1
    if errors.count < Self.toldErrorCountMaximum { errors.append((line, reason)) }
  }

  /// How many were accepted, in words, with the first and the last id.
  var text: String {
    var text = "\(Amounts.events(acceptedCount)) published"
    if let first, let last { text += first == last ? ", \(first)" : ", \(first) to \(last)" }
    if replayedCount > 0 { text += "; \(replayedCount) of them were before" }
    return text
  }

  /// How many were refused, in words.
  var rejection: String {
    let untold = rejectedCount - toldCount
    return "\(Amounts.events(rejectedCount)) refused"
      + (untold > 0 ? ", the reasons of \(untold) are not told" : "")
  }
}
