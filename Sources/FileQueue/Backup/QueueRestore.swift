public import Kernel
public import SystemPackage

/// Makes a queue of a backup, in a place where none is.
///
/// Whoever opens it begins a new epoch there, so that subscribers who have seen later events are told.
public enum QueueRestore {
  /// Makes a queue at `path` of the folder `backup`, which may be any copy of a queue.
  ///
  /// - Parameter report: called now and then.
  /// - Returns: what is damaged in it, in words.
  /// - Throws: `cannotWriteBackup` where something is at `path`; else what reading a backup throws.
  public static func run(
    from backup: FilePath, to path: FilePath, _ report: (CopyStep) -> Void = { _ in }
  ) throws(QueueError) -> [String] {
    try refuseOccupied(path)
    return try QueueBackup(of: backup).make(in: path, report)
  }

  /// Makes a queue at `path` of a tar archive.
  ///
  /// - Parameters:
  ///   - read: the archive's next bytes; nil at its end.
  ///   - report: called now and then, while the copy is checked.
  /// - Returns: what is damaged in it, in words.
  /// - Throws: `badArchive`; `cannotWriteBackup` where something is at `path`.
  public static func run(
    archive read: @escaping () throws(SystemCallError) -> [UInt8]?, to path: FilePath,
    _ report: (CopyStep) -> Void = { _ in }
  ) throws(QueueError) -> [String] {
    try refuseOccupied(path)
    let path = try mapping { () throws(SystemCallError) in try FileSystem.realPath(path) }
    let copy = try UnfinishedCopy(for: path)
    let fresh = copy.directory
    do throws(QueueError) {
      var reader = TarReader(read)
      try reader.unpack(into: fresh)
      guard try EpochFile.read(in: fresh.path) != nil else {
        throw .badArchive(offset: reader.offset, reason: "it has no file `epoch`: it is no queue's")
      }
    } catch {
      try? copy.remove()
      throw error
    }
    try copy.takePlace()
    return try QueueBackup.damage(in: QueueDirectory(path: path), report)
  }

  private static func refuseOccupied(_ path: FilePath) throws(QueueError) {
    do {
      let strangers = try UnfinishedCopy.strangers(in: path)
      guard strangers.isEmpty else {
        throw QueueError.cannotWriteBackup(path: path.string, reason: "\(strangers[0]) is in it")
      }
    } catch let error as SystemCallError {
      if error.errno != .noSuchFileOrDirectory { throw .system(error) }
    } catch let error as QueueError {
      throw error
    } catch {}
  }
}
