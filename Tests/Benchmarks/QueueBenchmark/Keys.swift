import ArgumentParser
import EventStream
import FileQueue
import Kernel
import SystemPackage

/// The command `QueueBenchmark keys`.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append events with keys and without; tell what the keys cost in time and memory.")

  @OptionGroup var option: QueueOption
  @Option(help: "Events with keys in all.")
  var events = 10_000_000
  @Option(help: "Events in a batch.")
  var batch = 64

  func run() throws {
    let queue = try Queue(at: FilePath(option.queue), creating: true)
    var appender = try Appender(queue)
    let comparison = min(events, 500_000)
    var plain = 0.0
    var keyed = 0.0
    var done = 0
    // In turns, so that both meet the same disk.
    for _ in 0..<5 {
      plain += try append(comparison / 5, with: &appender, from: nil)
      keyed += try append(comparison / 5, with: &appender, from: done)
      done += comparison / 5
    }
    let before = try residentByteCount()
    keyed = keyed / Double(done)
    while done < events {
      let count = min(batch * 64, events - done)
      _ = try append(count, with: &appender, from: done, batch: count)
      done += count
    }
    let begun = Clock.monotonicNanoseconds()
    let again = try appender.append([try event(7)])
    let replay = seconds(since: begun)
    guard case .appended(let appended) = again[0], appended.isReplayed else {
      throw ValidationError("the key of event 7 is not known")
    }
    try printFigures([
      "keys": Double(done), "plain_per_second": Double(comparison) / plain,
      "keyed_per_second": 1 / keyed, "ratio": plain / Double(comparison) / keyed,
      "resident_bytes_begin": Double(before), "resident_bytes": Double(try residentByteCount()),
      "peak_bytes": Double(try figure("VmHWM")), "replay_microseconds": replay * 1e6,
    ])
  }

  private func event(_ number: Int?) throws -> PendingEvent {
    try PendingEvent(
      Event(data: String(repeating: "x", count: 100)), topics: [.default],
      key: try number.map { try EventKey("order-\($0)") })
  }

  /// Appends so many events; returns the seconds.
  ///
  /// - Parameter first: the number of the first key; nil for none.
  private func append(
    _ count: Int, with appender: inout Appender, from first: Int?, batch size: Int? = nil
  ) throws -> Double {
    var time = 0.0
    let size = size ?? batch
    for start in stride(from: 0, to: count, by: size) {
      let events = try (start..<min(start + size, count)).map { number in
        try event(first.map { $0 + number })
      }
      let begun = Clock.monotonicNanoseconds()
      _ = try appender.append(events)
      time += seconds(since: begun)
    }
    return time
  }

  private func residentByteCount() throws -> Int { try figure("VmRSS") }

  /// A line of /proc/self/status, in bytes (proc(5)).
  private func figure(_ name: String) throws -> Int {
    let file = try Descriptor.open("/proc/self/status", .readOnly)
    var bytes = [UInt8](repeating: 0, count: 8192)
    var span = bytes.mutableSpan
    let count = try file.read(at: 0, into: &span)
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
    return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) * 1024
  }
}
