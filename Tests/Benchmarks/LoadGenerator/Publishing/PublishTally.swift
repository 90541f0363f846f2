import Kernel

/// What has come of the publishes of a run.
struct PublishTally: Sendable {
  /// Acknowledged events, in the order of the answers.
  private(set) var events: [(number: Int, sequence: UInt64)] = []
  /// Publishes that were not answered with 200 and an id.
  private(set) var refusedCount = 0
  /// Publishes whose answer had not come when the time was over.
  var unansweredCount = 0
  /// The answers' other statuses; 0 for a broken connection.
  private(set) var statuses: Set<Int> = []
  /// From the moment an event was due to be sent until its acknowledgement was read.
  private(set) var latency = Histogram()
  /// From the moment an event was due to be sent until it was.
  var lag = Histogram()
  /// When the first event was sent, and when the last answer came.
  var startNanoseconds: Int64 = 0
  private(set) var endNanoseconds: Int64 = 0
  /// How many events were sent.
  var sentCount: Int { events.count + refusedCount + unansweredCount - unsentCount }
  /// Of the unanswered ones, those that were never sent.
  var unsentCount = 0
  /// When the last event was sent.
  var lastSentNanoseconds: Int64 = 0
  /// CPU time of the publishing thread.
  var threadNanoseconds: Int64 = 0

  private var epochs: Set<Int> = []

  private let dialect: Dialect

  init(_ dialect: Dialect) {
    self.dialect = dialect
  }

  /// Takes events that were put into the queue under sequences that follow each other.
  mutating func add(numbers: Range<Int>, sequences: Range<UInt64>, epoch: UInt32) {
    endNanoseconds = Clock.monotonicNanoseconds()
    events += zip(numbers, sequences).map { ($0, $1) }
    epochs.insert(Int(epoch))
  }

  /// Takes an answer that has come now.
  mutating func add(_ answer: PublishConnection.Answer) {
    endNanoseconds = Clock.monotonicNanoseconds()
    switch answer.outcome {
    case .acknowledged(let epoch, let sequence):
      events.append((answer.number, sequence))
      epochs.insert(epoch)
      latency.record(endNanoseconds - answer.nanoseconds)
    case .refused(let status):
      refusedCount += 1
      statuses.insert(status)
    }
  }

  /// Notes the status of an answer that acknowledges nothing.
  mutating func refuse(status: Int) {
    endNanoseconds = Clock.monotonicNanoseconds()
    statuses.insert(status)
  }

  /// Acknowledged with an id that another acknowledgement had as well.
  var doubledCount: Int {
    dialect != .weir ? 0 : events.count - Set(events.map(\.sequence)).count
  }

  /// The greatest id; empty without any.
  var highestID: String {
    guard let epoch = epochs.first, let sequence = events.map(\.sequence).max() else { return "" }
    let digits = String(epoch, radix: 16)
    return "\(String(repeating: "0", count: 8 - digits.count))\(digits)-\(sequence)"
  }

  /// Whether every event was acknowledged, under an id of its own and of one queue.
  var isClean: Bool {
    refusedCount == 0 && unansweredCount == 0 && doubledCount == 0 && epochs.count == 1
  }

  /// Adds what both kinds of publishing tell.
  func describe(in report: inout Report) {
    report.add("acknowledged", "acknowledged", events.count, "events")
    report.add("refused", "refused", refusedCount, "events")
    if !statuses.isEmpty {
      let text = statuses.sorted().map { "\($0)" }.joined(separator: " ")
      report.add("refused_statuses", "  with status (0: broken off)", text: text)
    }
    report.add("unanswered", "unanswered", unansweredCount, "events")
    report.add("doubled_ids", "ids given twice", doubledCount)
    if dialect == .weir { report.add("highest_id", "highest id", text: highestID) }
  }
}
