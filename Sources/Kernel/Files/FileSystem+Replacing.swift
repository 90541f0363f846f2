public import SystemPackage

extension FileSystem {
  /// Puts a file with other bytes in the place of one, or makes it, with one step that readers see; blocks.
  ///
  /// Owner, group and mode stay those of the file that was there; what root makes belongs to the folder's owner.
  ///
  /// - Parameter permissions: of a file that was not there.
  /// - Throws: what stood in the way, EPERM where the owner or the group cannot be kept among that; the file is as
  ///   before then, unless it was the last step that failed, the fsync(2) of the folder: the new bytes are there, and a
  ///   power cut may take them back.
  public static func replace(
    _ path: FilePath, with bytes: [UInt8], permissions: UInt32 = 0o640
  ) throws(SystemCallError) {
    // Where a link leads, so that it stays one.
    let path = try realPath(path)
    let old = try status(of: path)
    let parent = path.removingLastComponent()
    let folder = try Descriptor.open(parent.isEmpty ? "." : parent, .directory)
    let newPath = parent.appending(
      ".\(path.lastComponent?.string ?? "").\(UInt32.random(in: .min ... .max))")
    let file = try Descriptor.open(newPath, .createNew, permissions: 0o600)
    do throws(SystemCallError) {
      try file.writeAll(bytes.span, at: 0)
      if let old { try keepOwners(of: old, newPath) } else { try giveToFoldersOwner(newPath) }
      try setPermissions(newPath, old?.permissions ?? permissions)
      try file.synchronize()
      try rename(newPath, to: path)
    } catch {
      try? unlink(newPath)
      throw error
    }
    try folder.synchronize()
  }

  /// How a file is; nil where there is none.
  private static func status(of path: FilePath) throws(SystemCallError) -> FileStatus? {
    do { return try FileStatus(of: path) } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  /// Gives a new file to whom the old one belongs: the service that reads it may be nobody else.
  private static func keepOwners(
    of old: FileStatus, _ newPath: FilePath
  ) throws(SystemCallError) {
    let new = try FileStatus(of: newPath)
    guard (new.owner, new.group) != (old.owner, old.group) else { return }
    try change(newPath, owners: (old.owner, old.group))
  }
}
