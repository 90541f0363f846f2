import EventStream
import Support

@testable import FileQueue

/// A small queue of two segments, one sealed and one last, whose files are damaged again and again.
struct TortureSample: Sendable {
  /// Which of the two segments is damaged.
  enum Place: CaseIterable, Sendable { case sealed, last }

  let files: [String: [UInt8]]
  let events: [Reading.Event]
  /// The sequence behind the last event.
  let next: UInt64 = 7
  private let records: [Place: [(sequence: UInt64, range: Range<Int>)]]

  init() throws {
    let fixture = try QueueFixture(inMemory: true)
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentByteCountMaximum: 1)
    // Texts that look like records, because that is what a search could fall for.
    let texts = ["one", "two\nlines", ": 3 1 26 00000000 t\nx", "", "größe", ": 6 1 9 0 t"]
    let topics = ["a", "two words", "a", "orders.eu", "100%", "a"]
    let pending = try zip(texts, topics).map {
      try fixture.pending($0, topic: Topic($1))
    }
    _ = try appender.append(Array(pending[..<3]))
    _ = try appender.append(Array(pending[3...]))
    events = try Reading(queue).events
    var files: [String: [UInt8]] = [:]
    for name in try fixture.directory.names() { files[name] = try fixture.directory.bytes(name) }
    self.files = files
    records = try Dictionary(
      uniqueKeysWithValues: Place.allCases.map { place in
        var records: [(UInt64, Range<Int>)] = []
        let bytes = files[Self.text(place)] ?? []
        while case .record(let layout) = RecordParser.parse(
          bytes.span, at: records.last?.1.upperBound ?? 0)
        {
          records.append((layout.sequence, layout.start..<layout.body.upperBound))
        }
        try Self.check(records.count == 3)
        return (place, records)
      })
  }

  private static func check(_ holds: Bool) throws {
    if !holds { throw Reading.Disorder(what: "the sample has three records in each segment") }
  }

  static func text(_ place: Place) -> String { name(place) + ".sse" }
  static func index(_ place: Place) -> String { name(place) + ".idx" }

  private static func name(_ place: Place) -> String {
    place == .sealed ? "00000000000000000001" : "00000000000000000004"
  }

  func bytes(_ name: String) -> [UInt8] { files[name] ?? [] }

  /// The sequences whose records lie wholly in one of `parts` of a segment.
  func survivors(in parts: [Range<Int>], of place: Place) -> Set<UInt64> {
    Set(
      (records[place] ?? []).filter { record in
        parts.contains {
          $0.lowerBound <= record.range.lowerBound && record.range.upperBound <= $0.upperBound
        }
      }.map(\.sequence))
  }

  /// The sequences of a segment.
  func sequences(_ place: Place) -> Set<UInt64> { Set((records[place] ?? []).map(\.sequence)) }

  /// The bytes of one record.
  func record(_ number: Int, of place: Place) -> [UInt8] {
    guard let range = records[place]?[number].range else { return [] }
    return Array(bytes(Self.text(place))[range])
  }

  /// Bytes to stand behind the last record of a segment.
  func junk(_ junk: Junk, behind place: Place) throws -> [UInt8] {
    switch junk {
    case .zeros: return [UInt8](repeating: 0, count: 600)
    case .text: return Array("anything\n\ndata: at all\n\n: 9 ".utf8)
    case .partOfARecord: return Array(record(2, of: .last).dropLast(5))
    case .firstRecordAgain: return record(0, of: .sealed)
    case .lastRecordAgain: return record(2, of: place)
    case .recordOfAnotherQueue:
      return try foreignRecord((sequences(place).max() ?? 0) + 1)
    }
  }

  /// A record that is right in itself but has the epoch of another queue.
  func foreignRecord(_ sequence: UInt64) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let event = try PendingEvent(Event(data: "of another queue"), topic: .default)
    RecordWriter.append(
      event, sequence: sequence, time: DecimalDigits(1_900_000_000_000),
      epochDigits: HexadecimalDigits(0x00c0_ffee), to: &bytes)
    return bytes
  }

  /// Where a record lies in its segment.
  func range(_ number: Int, of place: Place) -> Range<Int> {
    records[place]?[number].range ?? 0..<0
  }
}
