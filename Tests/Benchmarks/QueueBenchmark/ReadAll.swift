import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// The command `QueueBenchmark read`.
struct ReadAll: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Open a queue and read all of it, five times; the best is from the page cache.")

  @OptionGroup var option: QueueOption

  func run() throws {
    let opening = Clock.monotonicNanoseconds()
    let queue = try Queue(at: FilePath(option.queue), creating: false)
    let openSeconds = seconds(since: opening)
    var bestRate = 0.0
    var events = 0
    for _ in 0..<5 {
      var reader = QueueReader(queue)
      var cursor = try reader.cursor(at: 1)
      var byteCount = 0
      events = 0
      let start = Clock.monotonicNanoseconds()
      while true {
        let outcome = try reader.read(from: &cursor, byteCountMaximum: 1 << 20) { record, _ in
          byteCount += record.byteCount
          events += 1
        }
        guard case .more = outcome else { break }
      }
      bestRate = max(bestRate, Double(byteCount) / seconds(since: start) / 1e9)
    }
    try printFigures([
      "open_seconds": openSeconds, "events": Double(events), "gigabytes_per_second": bestRate,
    ])
  }
}
