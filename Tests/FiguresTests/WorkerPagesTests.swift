import FileQueue
import Foundation
import Kernel
import Support
import Synchronization
import SystemPackage
import Testing

@testable import Figures

/// A folder for pages, and workers that count in it.
private struct PagesFixture {
  let directory: TemporaryDirectory
  var folder: FilePath { directory.path.appending("workers") }

  init() throws {
    directory = try TemporaryDirectory()
  }

  /// A worker that has counted; it dies when it is stopped.
  func worker(deliveries: UInt64 = 0, live: UInt64 = 0) throws -> WorkerPages {
    let counters = Counters()
    let pages = try WorkerPages(folder, counters, durability: .full) { _ in }
    counters.add(deliveries, to: LoopCount.deliveries.rawValue)
    counters.add(live, to: LoopCount.streamsLive.rawValue)
    return pages
  }

  func figures() throws -> [WorkerFigures] { try WorkerFigures.all(in: folder) }

  /// Waits until the pages say so.
  func waitUntil(_ condition: ([WorkerFigures]) -> Bool) throws {
    let deadline = Clock.monotonicNanoseconds() + 20_000_000_000
    while try !condition(figures()) {
      try #require(Clock.monotonicNanoseconds() < deadline, "the pages stay as they are")
      Clock.pause(.milliseconds(5))
    }
  }
}

extension WorkerFigures {
  fileprivate var deliveries: UInt64 { values[.deliveries] }
}

struct WorkerPagesTests {
  @Test func `what a worker counts can be read by others after a moment`() throws {
    let fixture = try PagesFixture()
    let worker = try fixture.worker(deliveries: 3, live: 2)
    defer { worker.stop() }
    try fixture.waitUntil { $0.first?.deliveries == 3 }
    let figures = try #require(try fixture.figures().first)
    #expect(figures.isAlive && figures.number == 0 && figures.values[.streamsLive] == 2)
    #expect(abs(figures.startedAt - Clock.unixMilliseconds()) < 60_000)
    #expect(figures.durability == .full)
  }

  @Test func `a page goes over to the next worker with its counts and without its gauges`() throws {
    let fixture = try PagesFixture()
    try fixture.worker(deliveries: 3, live: 2).stop()
    let left = try fixture.figures()
    #expect(left.map(\.deliveries) == [3] && left.map(\.isAlive) == [false])
    #expect(left[0].values[.streamsLive] == 0, "a dead worker has no streams")
    let next = try fixture.worker(deliveries: 4, live: 1)
    next.stop()
    #expect(try fixture.figures().map(\.deliveries) == [7])
    #expect(next.read().map { $0.values[.streamsLive] } == [1])
  }

  @Test func `workers at the same time have a page each, and each tells of all`() throws {
    let fixture = try PagesFixture()
    let one = try fixture.worker(deliveries: 1)
    let other = try fixture.worker(deliveries: 10)
    try fixture.waitUntil { $0.map(\.deliveries) == [1, 10] }
    #expect(one.read().map(\.number) == [0, 1])
    one.stop()
    let third = try fixture.worker(deliveries: 100)
    try fixture.waitUntil { $0.map(\.deliveries) == [101, 10] }
    for pages in [other, third] {
      #expect(pages.read().map(\.deliveries) == [101, 10])
      #expect(pages.read().map(\.isAlive) == [true, true])
    }
    for pages in [other, third] { pages.stop() }
  }

  @Test func `many who look keep nobody from having the first page`() throws {
    let fixture = try PagesFixture()
    // An empty page is looked at quickest, so that looks and takes meet often.
    _ = try FileSystem.makeDirectory(fixture.folder)
    try fixture.directory.write([], to: "workers/0")
    let isOver = Mutex(false)
    let lookCount = Atomic(0)
    let looking = try (0..<2).map { _ in
      try Thread(name: "looking") { [folder = fixture.folder] in
        while !isOver.withLock({ $0 }) {
          _ = try? WorkerFigures(number: 0, in: folder)
          lookCount.add(1, ordering: .relaxed)
        }
      }
    }
    while lookCount.load(ordering: .relaxed) < 5000 {
      // The page cannot be copied, and so not be handed to a macro.
      let number = try WorkerPage.take(in: fixture.folder)?.number
      #expect(number == 0)
    }
    isOver.withLock { $0 = true }
    for thread in looking { thread.join() }
  }

  @Test(arguments: ["empty", "short", "of another weir", "zeros"])
  func `a page that this weir cannot read is begun anew`(_ kind: String) throws {
    let fixture = try PagesFixture()
    try fixture.worker(deliveries: 3).stop()
    var bytes = try fixture.directory.bytes("workers/0")
    switch kind {
    case "empty": bytes = []
    case "short": bytes.removeLast()
    case "of another weir": bytes[0] ^= 1
    default: bytes = [UInt8](repeating: 0, count: bytes.count)
    }
    try fixture.directory.write(bytes, to: "workers/0")
    #expect(try fixture.figures().isEmpty)
    try fixture.worker(deliveries: 5).stop()
    #expect(try fixture.figures().map(\.deliveries) == [5])
  }

  @Test func `a worker that gets no page counts in memory, and says why, once`() throws {
    let fixture = try PagesFixture()
    try fixture.directory.write([], to: "workers")
    let reports = Mutex<[String]>([])
    let counters = Counters()
    let pages = try WorkerPages(fixture.folder, counters, durability: .full) { text in
      reports.withLock { $0.append(text) }
    }
    counters.add(7, to: LoopCount.deliveries.rawValue)
    #expect(pages.read().map(\.deliveries) == [7])
    #expect(pages.read().map(\.isAlive) == [true])
    pages.stop()
    #expect(reports.withLock { $0.count } == 1)
    #expect(reports.withLock { $0.first?.contains("workers") } == true)
  }

  @Test func `a page of somebody else is passed over`() throws {
    let fixture = try PagesFixture()
    try fixture.worker(deliveries: 1).stop()
    try FileManager.default.removeItem(atPath: fixture.folder.appending("0").string)
    // A directory: nobody can write there, root neither.
    try FileManager.default.createDirectory(
      atPath: fixture.folder.appending("0").string, withIntermediateDirectories: false)
    let worker = try fixture.worker(deliveries: 2)
    worker.stop()
    #expect(worker.read().map(\.number) == [1])
    #expect(worker.read().map(\.deliveries) == [2])
  }

  @Test func `so many workers as there are pages have one`() throws {
    let fixture = try PagesFixture()
    let workers = try (0..<FigureLimits.workerCountMaximum).map { _ in try fixture.worker() }
    let report = Mutex<String?>(nil)
    let counters = Counters()
    let last = try WorkerPages(fixture.folder, counters, durability: .full) { text in
      report.withLock { $0 = text }
    }
    #expect(report.withLock { $0?.contains("64") } == true)
    #expect(last.read().count == FigureLimits.workerCountMaximum + 1)
    for worker in workers + [last] { worker.stop() }
  }
}
