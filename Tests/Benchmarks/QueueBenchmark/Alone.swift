import ArgumentParser
import EventStream
import FileQueue
import Kernel
import SystemPackage

/// The command `QueueBenchmark alone`.
struct Alone: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append one event at a time, and in turn write and sync as many bytes of a bare file."
  )

  @OptionGroup var option: QueueOption
  @Option(help: "How many of each.")
  var count = 1000

  func run() throws {
    let queue = try Queue(at: FilePath(option.queue), creating: true)
    var appender = try Appender(queue)
    let event = try PendingEvent(
      Event(data: String(repeating: "x", count: 100)), topic: .default)
    let path = FilePath(option.queue + ".bare")
    let bare = try Descriptor.open(path, .createNew)
    defer { try? FileSystem.unlink(path) }
    // A record of such an event.
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 190)
    var appends = Figures()
    var writes = Figures()
    for number in 0..<count {
      let start = Clock.monotonicNanoseconds()
      _ = try bare.write(piece.span, at: number * piece.count)
      try bare.synchronizeData()
      let middle = Clock.monotonicNanoseconds()
      _ = try appender.append([event])
      writes.add(middle - start)
      appends.add(Clock.monotonicNanoseconds() - middle)
    }
    try printFigures([
      "append_ms": Double(appends.quantile(0.5)) / 1e6,
      "bare_ms": Double(writes.quantile(0.5)) / 1e6,
      "ratio": Double(appends.quantile(0.5)) / Double(writes.quantile(0.5)),
    ])
  }
}
