import EventStream
import Support
import Testing

@testable import FileQueue

/// What a publisher could write into an event so that it is taken for another one where bytes
/// before it are damaged.
struct RecordSearchTests {
  private static let name = "00000000000000000001.sse"

  @Test func `text that pretends to be a record is none, also behind two damaged heads`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([fixture.pending("one")])
    _ = try appender.append([fixture.pending("two")])
    let third = try fixture.directory.bytes(Self.name).count
    let id = EventID(epoch: queue.epoch, sequence: 3)
    _ = try appender.append([
      fixture.pending("x\(Self.head(before: "data: rest\nid: \(id)\n\n"))\nrest")
    ])
    _ = try appender.append([fixture.pending("four")])
    var bytes = try fixture.directory.bytes(Self.name)
    bytes[third / 2] = 0
    bytes[third] = 0
    try fixture.directory.overwrite(Self.name, with: bytes)
    let reading = try Reading(queue)
    #expect(reading.events.map(\.sequence) == [1, 4])
    #expect(reading.missing(upTo: 5) == [2, 3])
  }

  /// The head of a record with sequence 3, the topic `evil`, and this body.
  private static func head(before body: String) -> String {
    let start = ": 3 1732147200123 \(body.utf8.count) "
    let bytes = Array((start + "00000000 evil\n" + body).utf8)
    let sum = RecordChecksum.of(
      bytes.span, start: 0, field: start.utf8.count, end: bytes.count)
    return start + "\(sum)" + " evil"
  }

  @Test func `a head that is longer than the limit is none, so that a search ends soon`() throws {
    let head =
      ": 1 1 1 00000000 x " + String(repeating: "x", count: 2 * QueueLimits.headByteCountMaximum)
    guard case .damaged(let reason) = RecordParser.parse(Array((head + "\n").utf8).span, at: 0)
    else { throw Reading.Disorder(what: "it is taken for a head") }
    #expect(reason == "the head has no end")
  }
}
