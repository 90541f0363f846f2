import EventStream
import Kernel
import Support
import Testing

@testable import FileQueue

struct DelayedEntryTests {
  private func event(_ data: String) throws -> PendingEvent {
    try PendingEvent(
      Event(type: EventType("price"), data: data, retryMilliseconds: 5),
      topics: [Topic("a b"), Topic("c")], key: EventKey("k 1"), isEnd: true)
  }

  private func bytes(_ data: String, due: Int64 = 1_732_147_200_123) throws -> [UInt8] {
    var bytes: [UInt8] = []
    DelayedEntry.append(
      DelayedID(0x0123_4567_89ab_cdef), due: due, timeToLive: 60_000, try event(data), to: &bytes)
    return bytes
  }

  @Test func `an entry is written as the format says`() throws {
    var text = try bytes("{\"x\":1}\n2")
    #expect(
      String(decoding: text, as: UTF8.self) == """
        + 0123456789abcdef 1732147200123 60000 45 faee1b8e a%20b also=c key=/k%201 end=1
        event: price
        retry: 5
        data: {"x":1}
        data: 2


        """)
    text = []
    DelayedEntry.append(taken: DelayedID(10), to: &text)
    DelayedEntry.append(gone: DelayedID(10), .published, to: &text)
    #expect(
      String(decoding: text, as: UTF8.self) == """
        ~ 000000000000000a 69c21d0c
        - 000000000000000a published d764b39c

        """)
  }

  @Test func `what was written is read back as it was`() throws {
    let text = try bytes("one\ntwo")
    guard
      case .entry(.waiting(let id, let due, let timeToLive, let layout), let byteCount) =
        DelayedEntry.parse(text.span, at: 0)
    else {
      Issue.record("no entry")
      return
    }
    #expect(byteCount == text.count && due == 1_732_147_200_123 && timeToLive == 60_000)
    let waiting = WaitingEvent(id, layout, in: text.span, timeToLive: timeToLive, isTaken: false)
    #expect(waiting.topics == [try Topic("a b"), try Topic("c")])
    #expect(waiting.data == "one\ntwo" && waiting.type == "price" && waiting.retryMilliseconds == 5)
    #expect(waiting.key == "k 1" && waiting.isEnd && waiting.timeToLive == 60_000)
    let pending = PendingEvent(
      layout, in: text.span, expiresAt: nil, id: id, mayBePublished: false, isDisplaced: false)
    let original = try event("one\ntwo")
    #expect(
      pending.content == original.content && pending.fieldsByteCount == original.fieldsByteCount)
    #expect(pending.topicHash == original.topicHash && pending.isEnd && pending.key == original.key)
  }

  @Test func `an event without a key is published under its own id, and once`() throws {
    var text: [UInt8] = []
    let plain = try PendingEvent(Event(data: "x"), topics: [.default])
    DelayedEntry.append(DelayedID(10), due: 5, timeToLive: 0, plain, to: &text)
    guard case .entry(.waiting(let id, _, _, let layout), _) = DelayedEntry.parse(text.span, at: 0)
    else {
      Issue.record("no entry")
      return
    }
    let pending = PendingEvent(
      layout, in: text.span, expiresAt: 7, id: id, mayBePublished: false, isDisplaced: false)
    #expect(
      String(decoding: pending.content, as: UTF8.self)
        == "default expires=7 key=.delayed/000000000000000a\ndata: x\n")
    #expect(pending.key?.isLasting == true)
  }

  @Test func `no part of an entry and none with a changed byte is an entry`() throws {
    let text = try bytes("some text")
    for count in 0..<text.count {
      if case .entry = DelayedEntry.parse(Array(text.prefix(count)).span, at: 0) {
        Issue.record("\(count) bytes of it")
      }
    }
    for place in text.indices {
      for bit in 0..<8 as Range<UInt8> {
        var changed = text
        changed[place] ^= 1 << bit
        if case .entry = DelayedEntry.parse(changed.span, at: 0) {
          Issue.record("bit \(bit) of byte \(place) changed")
        }
      }
    }
  }

  @Test
  func
    `behind any damage the next entry is found, and nothing that was published is taken for one`()
    throws
  {
    var random = SeededGenerator()
    var lure: [UInt8] = []
    DelayedEntry.append(gone: DelayedID(0x0123_4567_89ab_cdef), .cancelled, to: &lure)
    let first = try bytes("x\n" + String(decoding: lure, as: UTF8.self))
    let second = try bytes("second", due: 9)
    for _ in 0..<500 {
      var text = first
      // The newline at its end is what the next line begins behind.
      let place = Int.random(in: text.indices.dropLast(), using: &random)
      text[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      text += second
      let directory = try TemporaryDirectory(inMemory: true)
      try directory.write(text, to: "delayed")
      let file = try Kernel.Descriptor.open(directory.path.appending("delayed"), .readOnly)
      var scan = DelayedScan()
      var found: [Int64] = []
      var others = 0
      try scan.read(file, 0..<text.count) { (entry, _, _) throws(SystemCallError) in
        if case .waiting(_, let due, _, _) = entry { found.append(due) } else { others += 1 }
      }
      #expect(found == [9] && others == 0, "bit of byte \(place)")
      #expect(scan.damages == [0..<first.count])
    }
  }
}
