import Kernel
import SystemPackage

extension DelayedFile {
  /// Opens and reads the file of a queue; nil where nothing ever waited.
  static func read(
    _ directory: QueueDirectory, _ mode: OpenMode = .readOnly
  ) throws(QueueError) -> DelayedFile? {
    let descriptor: Descriptor
    do throws(SystemCallError) {
      descriptor = try Descriptor.open(directory.delayedPath, mode)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
    var file = try DelayedFile(descriptor, path: directory.delayedPath)
    try mapping { () throws(SystemCallError) in try file.readOn() }
    return file
  }

  /// What a check finds, which may look while a process appends.
  static func check(_ directory: QueueDirectory) throws(QueueError) -> [QueueFinding] {
    guard let file = try read(directory) else { return [] }
    return file.damages.map { damage in
      damage.upperBound == file.end
        ? .delayedTornTail(offset: damage.lowerBound, byteCount: damage.count)
        : .delayedDamage(offset: damage.lowerBound, byteCount: damage.count)
    } + [.delayed(eventCount: file.table.count, byteCount: file.table.byteCount)]
  }

  /// Takes damaged bytes out of the file of a queue that nobody has open, and keeps them in the quarantine;
  /// returns what was done, in words.
  static func mend(_ directory: QueueDirectory) throws(QueueError) -> String? {
    guard let file = try read(directory), !file.damages.isEmpty else { return nil }
    let path = directory.delayedPath
    let staging = FilePath(path.string + ".new")
    try mapping { () throws(SystemCallError) in
      try file.stage(at: staging, in: directory)
      try FileSystem.rename(staging, to: path)
      try directory.synchronize()
    }
    let byteCount = file.damages.reduce(0) { $0 + $1.count }
    return "took \(byteCount) damaged bytes out of \(QueueDirectory.delayedName); they are in "
      + "\(KnownLosses.folder)/"
  }
}
