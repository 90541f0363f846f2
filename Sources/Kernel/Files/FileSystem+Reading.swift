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
    // To its end, wherever that is by then: one that grows meanwhile is not cut.
    let bytes = try Descriptor.open(path, .readOnly).readAll(byteCountMaximum: byteCountMaximum)
    guard bytes.count <= byteCountMaximum else {
      throw SystemCallError(call: "read", errno: .fileTooLarge, subject: path.string)
    }
    return bytes
  }
}
