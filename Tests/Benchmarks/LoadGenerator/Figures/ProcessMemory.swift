import Kernel
import SystemPackage

/// What memory a process holds, as /proc tells it (proc_pid_status(5), proc_pid_smaps(5)).
struct ProcessMemory {
  /// The process's name.
  let name: String
  /// VmRSS: resident, shared pages counted whole.
  let residentKiB: Int
  /// Pss: resident, each shared page counted in parts.
  let proportionalKiB: Int

  /// The memory of a process of the same user, or of any where root asks.
  init(pid: Int) throws {
    let folder = FilePath("/proc/\(pid)")
    do {
      let status = try TextFile.read(folder.appending("status"))
      let rollup = try TextFile.read(folder.appending("smaps_rollup"))
      name = try Self.name(of: pid)
      residentKiB = try Self.number(of: "VmRSS:", in: status)
      proportionalKiB = try Self.number(of: "Pss:", in: rollup)
    } catch let error as SystemCallError {
      throw Failure("\(error): --pid names a process that runs, of this user or seen by root")
    }
  }

  /// The name of a process.
  static func name(of pid: Int) throws(SystemCallError) -> String {
    let text = try TextFile.read(FilePath("/proc/\(pid)/comm"))
    return text.split(separator: "\n").first.map(String.init) ?? ""
  }

  private static func number(of name: String, in text: String) throws -> Int {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      let words = line.split { $0 == " " || $0 == "\t" }
      if words.count > 1, let number = Int(words[1]) { return number }
    }
    throw Failure("the kernel does not tell \(name) of the process")
  }
}
