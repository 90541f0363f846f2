import EventStream
import FileQueue

/// An event whose data tells who wrote it and the how-manieth it is; a test knows the whole of it
/// from these two.
struct ProbeEvent {
  let writer: String
  let number: Int

  /// The writer and the number, then filler of a length that the number decides; in every fifth
  /// event there are lines that look like a record's head.
  var data: String {
    let filler = String(repeating: "x", count: number * 37 % 200)
    let lure = number % 5 == 4 ? "\n: 1 1732147200123 4 00000000 a\n\n" : ""
    return "\(writer)-\(number) \(lure)\(filler)"
  }

  /// The topic that the writer deletes now and then.
  static func deletedTopic(of writer: String) throws -> Topic { try Topic("gone-\(writer)") }

  /// The event as the queue takes it: under one of three topics, or the one that is deleted now and then, or
  /// as the end of two of its own.
  ///
  /// - Parameter hasKey: whether it has a key of its own.
  func pending(hasKey: Bool = false) throws -> PendingEvent {
    let topics =
      switch number % 7 {
      case 3: [try Self.deletedTopic(of: writer)]
      case 6: [try Topic("end-\(writer)-\(number)"), try Topic("also end-\(writer)-\(number)")]
      default: [try Topic("topic-\(number % 3)")]
      }
    return try PendingEvent(
      Event(data: data), topics: topics, key: hasKey ? try EventKey("\(writer)-\(number)") : nil,
      isEnd: number % 7 == 6)
  }
}

/// The batches that a writer appends: 1 to `sizeMaximum` events in each, numbered through.
struct ProbeBatches: Sequence, IteratorProtocol {
  private let writer: String
  private let count: Int
  private let sizeMaximum: Int
  private var batch = 0
  private var number = 0

  init(writer: String, count: Int, sizeMaximum: Int) {
    self.writer = writer
    self.count = count
    self.sizeMaximum = sizeMaximum
  }

  mutating func next() -> [ProbeEvent]? {
    guard batch < count else { return nil }
    // Large and small ones in turn: a small one fits where a large one did not.
    let size = 1 + batch * 7 % sizeMaximum
    defer {
      batch += 1
      number += size
    }
    return (number..<(number + size)).map { ProbeEvent(writer: writer, number: $0) }
  }
}
