import ArgumentParser
import Kernel
import SystemPackage

/// The command `LoadGenerator sync`.
struct Sync: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append and put on disk, one after the other: the yardstick for publishing.",
    discussion: """
      pwrite(2) and fdatasync(2) in a bare loop on a file of its own, which is removed in the end. A
      hub that acknowledges one event a sync can be no faster; more is what it gains by
      acknowledging several events together.
      """)

  @Option(help: ArgumentHelp("The file to write; it must not be there.", valueName: "file"))
  var file: String

  @Option(help: "How long to write.")
  var seconds = 3

  @Option(help: "Bytes to append each time.")
  var bytes = 150

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...3600).contains(seconds), (1...1_048_576).contains(bytes) else {
      throw ValidationError(
        "--seconds is a number from 1 to 3600, --bytes one from 1 to 1048576.")
    }
  }

  func run() throws {
    let path = FilePath(file)
    let descriptor = try Descriptor.open(path, .createNew)
    defer { try? FileSystem.unlink(path) }
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: bytes)
    var latency = Histogram()
    var offset = 0
    let start = Clock.monotonicNanoseconds()
    let end = Deadline(after: min(.seconds(seconds), output.deadline.remaining))
    var last = start
    while !end.isPast {
      guard try descriptor.write(piece.span, at: offset) == bytes else {
        throw Failure("\(file): the disk is full")
      }
      try descriptor.synchronizeData()
      offset += bytes
      let now = Clock.monotonicNanoseconds()
      latency.record(now - last)
      last = now
    }
    var report = Report()
    report.add("syncs", "syncs", latency.count)
    let perSecond = Double(latency.count) * 1e9 / Double(max(1, last - start))
    report.add("syncs_per_second", "rate", perSecond, "/s", digits: 0)
    report.add("sync", "one took", latency)
    try output.publish(report)
  }
}
