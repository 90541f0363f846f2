import EventStream
import Foundation
import Support
import SystemPackage
import Testing

@testable import FileQueue

/// The page about the format is held against the code, byte by byte.
struct FormatTests {
  private static var page: String {
    get throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let file = root.appendingPathComponent("Sources/FileQueue/FileQueue.docc/Format.md")
      return try String(contentsOf: file, encoding: .utf8)
    }
  }

  private static var example: [UInt8] {
    get throws {
      let parts = try page.components(separatedBy: "```\n")
      return Array(parts[1].utf8)
    }
  }

  @Test func `the worked example is a record of the parts that the page names`() throws {
    let bytes = try Self.example
    guard case .record(let record) = RecordParser.parse(bytes.span, at: 0) else {
      Issue.record("\(RecordParser.parse(bytes.span, at: 0))")
      return
    }
    #expect(record.sequence == 42)
    #expect(record.unixMilliseconds == 1_732_147_200_123)
    #expect(record.body.count == 44)
    #expect(record.body.upperBound == bytes.count)
    #expect(String(decoding: bytes[record.topic], as: UTF8.self) == "orders.eu")
    #expect(
      String(decoding: bytes[record.body], as: UTF8.self)
        == "event: price\ndata: {\"x\":1}\nid: 6f2a91c4-42\n\n")
  }

  @Test func `the writer makes the worked example byte by byte`() throws {
    let event = try PendingEvent(
      Event(type: EventType("price"), data: "{\"x\":1}"), topic: Topic("orders.eu"))
    var bytes: [UInt8] = []
    RecordWriter.append(
      event, sequence: 42, time: DecimalDigits(1_732_147_200_123),
      epochDigits: HexadecimalDigits(0x6f2a_91c4), to: &bytes)
    #expect(
      String(decoding: bytes, as: UTF8.self) == String(decoding: try Self.example, as: UTF8.self))
  }

  @Test func `a queue on disk is the files that the page lists`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["one", "two"])
    #expect(
      try fixture.directory.names() == [
        "00000000000000000001.idx", "00000000000000000001.sse", "epoch", "lock", "tail",
      ])
    let epoch = String(decoding: try fixture.directory.bytes("epoch"), as: UTF8.self)
    #expect(epoch.wholeMatch(of: /weir-queue 1 [0-9a-f]{8}\n/) != nil)
    #expect(try fixture.directory.bytes("00000000000000000001.idx").count == 32)
  }

  @Test func `a segment is an event stream that any parser reads`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["one", "two\nlines"])
    let text = String(
      decoding: try fixture.directory.bytes("00000000000000000001.sse"), as: UTF8.self)
    let blocks = text.components(separatedBy: "\n\n").dropLast()
    let data = blocks.map { block in
      block.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }
        .joined(separator: "\n")
    }
    #expect(data == ["one", "two\nlines"])
  }

  @Test func `every byte of a record is covered by its checksum`() throws {
    let original = try Self.example
    for position in original.indices {
      for bit in 0..<8 {
        var bytes = original
        bytes[position] ^= 1 << bit
        if case .record(let record) = RecordParser.parse(bytes.span, at: 0) {
          Issue.record("byte \(position), bit \(bit): still a record, \(record)")
        }
      }
    }
  }
}
