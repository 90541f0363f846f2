import FileQueue
import Kernel
import Support
import SystemPackage
import Testing

@testable import Figures

struct HostilePagesTests {
  @Test func `pages with any numbers in them are told of, and trap nothing`() throws {
    var random = SeededGenerator()
    let directory = try TemporaryDirectory()
    let queue = try Queue(at: directory.path, creating: true)
    let folder = Queue.workersPath(in: directory.path)
    _ = try FileSystem.makeDirectory(folder)
    let edges: [UInt64] = [0, 1, .max, .max - 1, 1 << 63, UInt64(Int64.max)]
    for round in 0..<40 {
      for number in 0..<2 {
        var values = PageValues()
        for cell in 1..<PageLayout.cellCount {
          values[cell] =
            round < edges.count
            ? edges[round] : edges.randomElement(using: &random) ?? random.next()
        }
        let file = try Descriptor.open(folder.appending("\(number)"), .createIfMissing)
        try file.writeAll(values.bytes.span, at: 0)
      }
      let report = try StatusReport(readingQueueAt: directory.path)
      #expect(!report.json.isEmpty)
      let workers = try WorkerFigures.all(in: folder)
      #expect(workers.count == 2)
      // As those of workers that live.
      let alive = workers.map { WorkerFigures(number: $0.number, isAlive: true, values: $0.values) }
      #expect(!StatusReport(try queue.figures(), alive).json.isEmpty)
      #expect(!MetricsReport.render(try queue.figures(), alive).isEmpty)
    }
  }
}
