import Kernel

/// The segment that is being appended to, open for writing; belongs to one appender.
final class OpenSegment {
  let name: SegmentName
  let text: Descriptor
  let index: Descriptor

  /// - Parameter creating: whether its files are made; they are empty then.
  init(
    _ name: SegmentName, in directory: QueueDirectory, creating: Bool
  ) throws(SystemCallError) {
    self.name = name
    text = try directory.open(
      directory.textPath(name), creating ? .createIfMissing : .readWrite)
    index = try directory.open(directory.indexPath(name), .createIfMissing)
    if creating {
      try text.truncate(to: 0)
      try index.truncate(to: 0)
      do { try FileSystem.unlink(directory.keysPath(name)) } catch {
        if error.errno != .noSuchFileOrDirectory { throw error }
      }
      try directory.synchronize()
    }
  }
}
