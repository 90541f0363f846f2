import Glibc
public import SystemPackage

/// A watch on the files of one folder that tells which of them any process has written to (inotify(7)).
public struct FolderWatch: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// What has happened since it was asked last.
  public enum Change: Hashable, Sendable {
    /// These files were written to.
    case files(Set<String>)
    /// So much that the kernel has kept no account of it.
    case any
  }

  private static let chunkByteCount = 16 << 10
  /// `struct inotify_event`: its fixed part, and where its parts lie.
  private static let headByteCount = 16
  private static let maskOffset = 4
  private static let nameByteCountOffset = 12

  /// Watches the files in `path` for writes.
  ///
  /// - Throws: EMFILE where the user has too many watches (`fs.inotify.max_user_instances`).
  public init(_ path: FilePath) throws(SystemCallError) {
    descriptor = try .watching(path)
  }

  /// Has an epoll tell while something is there to be taken.
  public func watch(in epoll: borrowing Epoll, token: EpollToken) throws(SystemCallError) {
    try epoll.add(descriptor, for: .readable, token: token)
  }

  /// Takes what has happened; call it before looking at what was written.
  public func take() -> Change {
    var names: Set<String> = []
    var chunk = [UInt8](repeating: 0, count: Self.chunkByteCount)
    while true {
      var span = chunk.mutableSpan
      guard case .transferred(let count) = try? descriptor.read(into: &span), count > 0 else {
        return .files(names)
      }
      let bytes = chunk.span
      var start = 0
      while start + Self.headByteCount <= count {
        if bytes.littleEndian32(at: start + Self.maskOffset) & UInt32(IN_Q_OVERFLOW) != 0 {
          return .any
        }
        let nameStart = start + Self.headByteCount
        let end = nameStart + Int(bytes.littleEndian32(at: start + Self.nameByteCountOffset))
        names.insert(String(decoding: chunk[nameStart..<end].prefix { $0 != 0 }, as: UTF8.self))
        start = end
      }
    }
  }
}
