public import SystemPackage

extension FileSystem {
  /// Puts a file with other bytes in the place of one, or makes it, with one step that readers see; owner and mode stay
  /// those of the file that was there.
  ///
  /// - Parameter permissions: of a file that was not there.
  /// - Throws: what stood in the way; the file is as before then.
  public static func replace(
    _ path: FilePath, with bytes: [UInt8], permissions: UInt32 = 0o640
  ) throws(SystemCallError) {
    // Where a link leads, so that it stays one.
    let path = try realPath(path)
    let old = try? FileStatus(of: path)
    let newPath = path.removingLastComponent().appending(
      ".\(path.lastComponent?.string ?? "").\(UInt32.random(in: .min ... .max))")
    let file = try Descriptor.open(newPath, .createNew, permissions: 0o600)
    do throws(SystemCallError) {
      try file.writeAll(bytes.span, at: 0)
      if let old { try give(newPath, to: (old.owner, old.group)) }
      try setPermissions(newPath, old?.permissions ?? permissions)
      try file.synchronize()
      try rename(newPath, to: path)
    } catch {
      try? unlink(newPath)
      throw error
    }
    let folder = path.removingLastComponent()
    try Descriptor.open(folder.isEmpty ? "." : folder, .directory).synchronize()
  }
}
