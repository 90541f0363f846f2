import Kernel

/// One file of a backup: where its bytes come from, and how many there are.
///
/// A file that is open stays readable when retention removes it meanwhile.
final class BackupFile {
  /// Its name, from the queue's directory.
  let name: String
  let byteCount: Int
  private let file: Descriptor

  /// So many bytes of an open file, from its start.
  init(_ name: String, _ file: consuming Descriptor, byteCount: Int) {
    self.name = name
    self.byteCount = byteCount
    self.file = file
  }

  /// Bytes that are in no file yet.
  convenience init(_ name: String, _ bytes: [UInt8]) throws(SystemCallError) {
    let file = try MemoryFile(name: "backup").descriptor.duplicate()
    try file.writeAll(bytes.span, at: 0)
    self.init(name, file, byteCount: bytes.count)
  }

  /// Hands out all of it, piece by piece.
  ///
  /// - Throws: ENODATA where the file has become shorter.
  func read(_ visit: (Span<UInt8>) throws(SystemCallError) -> Void) throws(SystemCallError) {
    var chunk = [UInt8](repeating: 0, count: QueueLimits.copyChunkByteCount)
    var offset = 0
    while offset < byteCount {
      let count = try read(at: offset, into: &chunk)
      try visit(chunk.span.extracting(0..<count))
      offset += count
    }
  }

  /// The last bytes of it, at most so many.
  func end(byteCountMaximum: Int) throws(SystemCallError) -> [UInt8] {
    var end = [UInt8](repeating: 0, count: min(byteCountMaximum, byteCount))
    if !end.isEmpty { _ = try read(at: byteCount - end.count, into: &end) }
    return end
  }

  private func read(at offset: Int, into chunk: inout [UInt8]) throws(SystemCallError) -> Int {
    var span = chunk.mutableSpan
    let count = try file.read(at: offset, into: &span, byteCountMaximum: byteCount - offset)
    guard count > 0 else { throw SystemCallError(call: "pread", errno: .noData, subject: name) }
    return count
  }
}
