public import SystemPackage

extension FileSystem {
  /// The bytes of a file that people write; blocks.
  ///
  /// - Throws: EISDIR for what is no file of bytes, EFBIG for one that is larger than
  ///   `byteCountMaximum`, and what opening and reading throw.
  public static func read(
    _ path: FilePath, byteCountMaximum: Int
  ) throws(SystemCallError) -> [UInt8] {
    // A pipe or a device could hold up whoever opens it.
    guard try FileStatus(of: path).isRegular else {
      throw SystemCallError(call: "read", errno: .isDirectory, subject: path.string)
    }
    let file = try Descriptor.open(path, .readOnly)
    let byteCount = try file.status().byteCount
    guard byteCount <= byteCountMaximum else {
      throw SystemCallError(call: "read", errno: .fileTooLarge, subject: path.string)
    }
    // One more than there is, so that a file that grows meanwhile is not cut unseen.
    var bytes = [UInt8](repeating: 0, count: byteCount + 1)
    var span = bytes.mutableSpan
    let count = try file.read(at: 0, into: &span)
    bytes.removeLast(bytes.count - min(count, byteCount))
    return bytes
  }
}
