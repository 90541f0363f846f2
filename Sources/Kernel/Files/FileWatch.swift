import Glibc
public import SystemPackage

/// A watch on one file that tells when any process writes to it (inotify(7)).
public struct FileWatch: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// Watches `path` for writes.
  ///
  /// Only write(2) and its kin count: a store through a mapping does not.
  ///
  /// - Throws: EMFILE where the user has too many watches (`fs.inotify.max_user_instances`).
  public init(_ path: FilePath) throws(SystemCallError) {
    descriptor = try .watching(path)
  }

  /// Has an epoll tell of the first write, and of no other before ``clear()``.
  public func watch(in epoll: borrowing Epoll, token: EpollToken) throws(SystemCallError) {
    // Writes to one file become one event in the kernel's queue until that is read.
    try epoll.add(descriptor, for: [.readable, .edgeTriggered], token: token)
  }

  /// Forgets what has been reported; call it before looking at what was written.
  public func clear() {
    // Writes to one file coalesce in the kernel's queue, so this is one read in nearly all cases.
    while true {
      var room: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
        0, 0, 0, 0, 0, 0, 0, 0
      )
      let count = unsafe Glibc.read(descriptor.number, &room, MemoryLayout.size(ofValue: room))
      if count < MemoryLayout.size(ofValue: room) { return }
    }
  }

  /// Waits for a write, at most `timeout` (poll(2)); whether there was one is for the caller to see.
  ///
  /// - Returns: whether nobody reads from `stream` any more, which ends the waiting too.
  @discardableResult
  public func wait(
    orHangUpOf stream: StandardStream? = nil, timeout: Duration
  ) throws(SystemCallError) -> Bool {
    var entries = [pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)]
    if let stream { entries.append(stream.hangUpEntry) }
    entries = try StandardStream.wait(for: entries, timeout: timeout)
    clear()
    return entries.dropFirst().contains(where: \.isHungUp)
  }
}
