import Support
import SystemPackage
import Testing

@testable import FileQueue

struct QueueFiguresTests {
  /// Everything that the figures say, to be compared.
  private func told(_ figures: QueueFigures) -> [String] {
    [
      "\(figures.epochs.current)", "\(figures.oldest)", "\(figures.next)",
      "\(figures.segmentCount)",
      "\(figures.byteCount)", "\(figures.isReadOnly)",
    ]
  }

  @Test func `who only reads the files is told what who has the queue open is told`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    #expect(try told(QueueFigures(readingQueueAt: fixture.path)) == told(queue.figures()))
    try fixture.fill(["one", "two", "three"], segmentByteCountMaximum: 1)
    #expect(try queue.figures().eventCount == 3)
    #expect(try told(QueueFigures(readingQueueAt: fixture.path)) == told(queue.figures()))
    queue.tail.recordFailure()
    #expect(try told(QueueFigures(readingQueueAt: fixture.path)) == told(queue.figures()))
    #expect(try queue.figures().isReadOnly)
  }

  @Test(arguments: ["missing", "short", "of another queue"])
  func `the text tells the end where the tail cannot be believed`(_ kind: String) throws {
    let fixture = try QueueFixture()
    try fixture.fill(["one", "two", "three"], segmentByteCountMaximum: 1)
    var tail = try fixture.directory.bytes("tail")
    switch kind {
    case "missing": try fixture.directory.remove("tail")
    case "short": try fixture.directory.write(Array(tail.dropLast()), to: "tail")
    default:
      tail[3 * 8] ^= 1
      try fixture.directory.write(tail, to: "tail")
    }
    let before = try fixture.directory.names()
    let figures = try QueueFigures(readingQueueAt: fixture.path)
    #expect(figures.next == 4 && figures.eventCount == 3 && !figures.isReadOnly)
    #expect(try fixture.directory.names() == before, "nothing is made by looking")
  }

  @Test func `where there is no queue that is said`() throws {
    let directory = try TemporaryDirectory()
    try directory.write([], to: "file")
    for name in ["none", "file"] {
      #expect(throws: QueueError.self) {
        try QueueFigures(readingQueueAt: directory.path.appending(name))
      }
    }
  }
}
