import Kernel
import SystemPackage

/// CPU time of other processes, as /proc tells it, from one moment to another.
struct ProcessTimes {
  private let pids: [Int]
  private let start: [Int64]
  private let machineStart: Int64
  private let ownStart: Int64
  private let wallStart: Int64

  /// Begins now.
  init(of pids: [Int]) throws {
    self.pids = pids
    start = try pids.map(Self.nanoseconds)
    machineStart = try Self.machineNanoseconds()
    ownStart = Platform.processNanoseconds()
    wallStart = Clock.monotonicNanoseconds()
  }

  /// Adds what has been used since then: share of a core, and nanoseconds for each delivery; this
  /// program's own share, and that of all processes that have nothing to do with the measurement.
  ///
  /// - Parameter busyNanoseconds: how long there was something to do; since the beginning if not named.
  func describe(
    in report: inout Report, deliveredCount: Int = 0, busyNanoseconds: Int64? = nil
  ) throws {
    let wallNanoseconds = max(1, busyNanoseconds ?? Clock.monotonicNanoseconds() - wallStart)
    let own = Platform.processNanoseconds() - ownStart
    var others = try Self.machineNanoseconds() - machineStart - own
    for (pid, start) in zip(pids, start) {
      let nanoseconds = try Self.nanoseconds(pid) - start
      others -= nanoseconds
      let used = Double(nanoseconds)
      let name = try ProcessMemory.name(of: pid)
      report.add(
        "\(name)_cpu_percent", "CPU of \(name)", 100 * used / Double(wallNanoseconds),
        "% of a core")
      if deliveredCount > 0 {
        report.add(
          "\(name)_cpu_ns_per_delivery", "CPU of \(name) a delivery",
          used / Double(deliveredCount), "ns")
      }
    }
    report.add(
      "generator_cpu_percent", "CPU of this program", 100 * Double(own) / Double(wallNanoseconds),
      "% of a core")
    report.add(
      "others_cpu_percent", "CPU of all else",
      100 * Double(max(0, others)) / Double(wallNanoseconds), "% of a core")
  }

  /// What all processes and interrupts have used (proc_stat(5): user, nice, system, irq, softirq).
  private static func machineNanoseconds() throws -> Int64 {
    let text = try TextFile.read("/proc/stat")
    let fields = (text.split(separator: "\n").first ?? "").split(separator: " ").map { Int64($0) }
    guard fields.count > 7 else { throw Failure("/proc/stat has no CPU times") }
    let ticks = [1, 2, 3, 6, 7].reduce(0) { $0 + (fields[$1] ?? 0) }
    return ticks * Platform.tickNanoseconds
  }

  /// User and system time of all threads (proc_pid_stat(5), fields 14 and 15).
  private static func nanoseconds(_ pid: Int) throws -> Int64 {
    let text: String
    do { text = try TextFile.read(FilePath("/proc/\(pid)/stat")) } catch {
      throw Failure("\(error): --pid names a process that runs")
    }
    // The name before the last bracket may hold anything.
    let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
    guard fields.count > 12, let user = Int64(fields[11]), let system = Int64(fields[12]) else {
      throw Failure("/proc/\(pid)/stat has no CPU times")
    }
    return (user + system) * Platform.tickNanoseconds
  }
}
