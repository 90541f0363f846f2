import EventStream
import FileQueue
import Support
import Testing

@testable import Hub

struct ResultLogTests {
  @Test(arguments: [0, 1, 10, 3000])
  func `results come back line by line, also those that are too many for memory`(
    count: Int
  ) throws {
    let directory = try TemporaryDirectory()
    let queue = try Queue(at: directory.path.appending("queue"), creating: true)
    var appender = try Appender(queue, durability: .none)
    let event = try PendingEvent(Event(data: "x"), topic: .default)
    let log = ResultLog(folder: directory.path)
    var expected = ""
    for line in stride(from: 1, to: 3 * count, by: 3) {
      // Two events in a row, and one that is refused.
      for (offset, outcome) in try zip(0..., appender.append([event, event])) {
        let appended = try outcome.get()
        try log.accept(line: line + offset, appended)
        let id = queue.epochs.id(of: appended.sequence)
        expected += "{\"id\":\"\(id)\",\"line\":\(line + offset)}\n"
      }
      let detail = String(repeating: "d", count: line % 90)
      let refusal = "{\"line\":\(line + 2),\"detail\":\"\(detail)\"}\n"
      try log.refuse(Array(refusal.utf8))
      expected += refusal
    }
    let reader = try log.finish()
    var found: [UInt8] = []
    while true {
      let lines = try reader.next(byteCount: 777, queue.epochs)
      found += lines
      if lines.count < 777 { break }
    }
    #expect(String(decoding: found, as: UTF8.self) == expected)
    #expect(count < 3000 || expected.utf8.count > HubLimits.resultLogByteCountMaximum)
  }
}
