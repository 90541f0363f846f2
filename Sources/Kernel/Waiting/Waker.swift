import CLinux
import Glibc

/// A bell between threads: any thread rings, the one that watches it in its epoll is woken
/// (eventfd(2)).
public final class Waker: Sendable {
  private let descriptor: Descriptor
  var number: CInt { descriptor.number }

  /// A bell that has not been rung.
  public init() throws(SystemCallError) {
    let number = try SystemCall.check("eventfd") {
      CLinux.eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
    }
    descriptor = Descriptor(owning: number)
  }

  /// Wakes the watching thread; rings before it looks are one ring, and any thread may.
  public func ring() {
    // The only failure is a counter that is full, and then the bell is ringing already.
    _ = eventfd_write(descriptor.number, 1)
  }

  /// Silences the bell; the watching thread calls it before it looks at what it was rung for.
  public func silence() {
    var count: eventfd_t = 0
    _ = unsafe eventfd_read(descriptor.number, &count)
  }

  /// Has an epoll watch the bell.
  public func watch(
    in epoll: borrowing Epoll, token: EpollToken
  ) throws(SystemCallError) {
    try epoll.add(descriptor, for: .readable, token: token)
  }

  /// Waits for a ring on a thread that has no epoll, then silences it; returns whether there was
  /// one before `timeout` was over (poll(2)).
  @discardableResult
  public func wait(timeout: Duration? = nil) throws(SystemCallError) -> Bool {
    var entry = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    let milliseconds = timeout.map { CInt(clamping: $0.wholeMilliseconds) } ?? -1
    let count = try SystemCall.check("poll") { unsafe Glibc.poll(&entry, 1, milliseconds) }
    if count > 0 { silence() }
    return count > 0
  }
}
