import Kernel
import SystemPackage

/// CPU time of other processes, as /proc tells it, from one moment to another.
struct ProcessTimes {
  private let pids: [Int]
  private let start: [Int64]

  /// Begins now.
  init(of pids: [Int]) throws {
    self.pids = pids
    start = try pids.map(Self.nanoseconds)
  }

  /// Adds what has been used since then: share of a core, and nanoseconds for each delivery.
  func describe(in report: inout Report, wallNanoseconds: Int64, deliveredCount: Int) throws {
    for (pid, start) in zip(pids, start) {
      let used = Double(try Self.nanoseconds(pid) - start)
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
