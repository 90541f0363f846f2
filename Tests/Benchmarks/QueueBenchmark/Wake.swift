import ArgumentParser
import EventStream
import FileQueue
import Kernel
import SystemPackage

/// The command `QueueBenchmark wake`.
struct Wake: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append an event every 2 ms and print when each was on disk: 'SEQUENCE NANOSECONDS'.")

  @OptionGroup var option: QueueOption
  @Option(help: "Events.")
  var count = 1000

  func run() throws {
    let queue = try Queue(at: FilePath(option.queue), creating: true)
    var appender = try Appender(queue)
    let event = try PendingEvent(Event(data: "wake"), topic: .default)
    let waker = try Waker()
    var lines = ""
    for _ in 0..<count {
      let sequence = try appender.append([event])[0].get().sequence
      lines += "\(sequence) \(Clock.monotonicNanoseconds())\n"
      _ = try waker.wait(timeout: .milliseconds(2))
    }
    try StandardStream.output.writeAll(Array(lines.utf8).span)
  }
}

/// The command `QueueBenchmark watch`.
struct Watcher: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Wait for events and print when each was seen: 'SEQUENCE NANOSECONDS'.")

  @OptionGroup var option: QueueOption
  @Option(help: "Events to wait for.")
  var count = 1000

  func run() throws {
    let queue = try Queue(at: FilePath(option.queue), creating: true)
    let watch = try queue.watch()
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: queue.durableNext)
    var lines = ""
    var seen = 0
    while seen < count {
      _ = try reader.read(from: &cursor, byteCountMaximum: 1 << 20) { record, _ in
        lines += "\(record.sequence) \(Clock.monotonicNanoseconds())\n"
        seen += 1
      }
      if seen < count { try watch.wait(timeout: .milliseconds(250)) }
    }
    try StandardStream.output.writeAll(Array(lines.utf8).span)
  }
}
