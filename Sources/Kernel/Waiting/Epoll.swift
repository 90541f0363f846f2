import CLinux
import Glibc

/// What a descriptor is watched for, and what epoll reports of it (epoll_ctl(2)).
public struct Readiness: OptionSet, Hashable, Sendable {
  /// The bits as the kernel has them.
  public let rawValue: UInt32

  /// Readiness of the kernel's bits.
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// The kernel has bytes to read (EPOLLIN).
  public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
  /// The kernel takes bytes (EPOLLOUT).
  public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
  /// EPOLLRDHUP: the peer has closed its sending side.
  public static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
  /// EPOLLHUP and EPOLLERR, which are reported whether asked for or not.
  public static let broken = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
  /// Whether one of EPOLLHUP and EPOLLERR is among it.
  public var isBroken: Bool { !isDisjoint(with: .broken) }
  /// EPOLLET: readiness is reported when it begins, not for as long as it lasts.
  public static let edgeTriggered = Readiness(rawValue: EPOLLET.rawValue)
  /// EPOLLEXCLUSIVE: of several epolls that watch one listener, not all are woken.
  public static let exclusive = Readiness(rawValue: EPOLLEXCLUSIVE.rawValue)
}

/// A watched descriptor's name in epoll: a slot and the slot's generation, so that an event for a
/// descriptor that was closed and whose slot was given away again is recognised as stale.
public struct EpollToken: Hashable, Sendable {
  /// The 64 bits that the kernel keeps.
  public let rawValue: UInt64

  /// A token of the kernel's bits.
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// A token of a slot in its generation.
  public init(slot: UInt32, generation: UInt32) {
    rawValue = UInt64(generation) << 32 | UInt64(slot)
  }

  /// The lower half.
  @inlinable public var slot: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
  /// The upper half.
  @inlinable public var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
}

/// An epoll instance: belongs to the one thread that waits on it (epoll(7)).
@safe
public struct Epoll: ~Copyable {
  private let descriptor: Descriptor
  private var events: [epoll_event]

  /// An instance that hands out at most `eventCountMaximum` events a wait (epoll_create1(2)).
  public init(eventCountMaximum: Int) throws(SystemCallError) {
    let number = try SystemCall.check("epoll_create1") {
      CLinux.epoll_create1(CInt(EPOLL_CLOEXEC))
    }
    descriptor = Descriptor(owning: number)
    unsafe events = unsafe Array(repeating: epoll_event(), count: eventCountMaximum)
  }

  /// Watches a descriptor for `readiness`, level-triggered where that does not say otherwise.
  public func add(
    _ watched: borrowing Descriptor, for readiness: Readiness, token: EpollToken
  ) throws(SystemCallError) {
    try control(EPOLL_CTL_ADD, watched, readiness, token)
  }

  /// Changes what a descriptor is watched for.
  public func modify(
    _ watched: borrowing Descriptor, for readiness: Readiness, token: EpollToken
  ) throws(SystemCallError) {
    try control(EPOLL_CTL_MOD, watched, readiness, token)
  }

  /// Stops watching; needed only where the descriptor lives on, closing it does the same.
  public func remove(_ watched: borrowing Descriptor) throws(SystemCallError) {
    try control(EPOLL_CTL_DEL, watched, [], EpollToken(rawValue: 0))
  }

  private func control(
    _ operation: CInt, _ watched: borrowing Descriptor, _ readiness: Readiness, _ token: EpollToken
  ) throws(SystemCallError) {
    let watchedNumber = watched.number
    _ = try SystemCall.check("epoll_ctl") {
      weir_epoll_ctl(
        descriptor.number, operation, watchedNumber, readiness.rawValue, token.rawValue)
    }
  }

  /// Waits until something is ready or the time is over; returns how many events ``event(_:)`` now
  /// holds (epoll_pwait2 is not needed: milliseconds, rounded up, are fine enough here).
  ///
  /// - Parameter timeout: nil waits without end.
  public mutating func wait(timeout: Duration?) throws(SystemCallError) -> Int {
    let milliseconds = timeout.map { $0 <= .zero ? 0 : CInt(clamping: $0.wholeMilliseconds) } ?? -1
    let count = unsafe CLinux.epoll_wait(
      descriptor.number, &events, CInt(events.count), milliseconds)
    if count >= 0 { return Int(count) }
    // An interrupted wait is a wait that ended early: the caller's loop comes round again.
    let number = Glibc.errno
    if number == EINTR { return 0 }
    throw SystemCallError(call: "epoll_wait", errno: .init(rawValue: number))
  }

  /// The event at `index` of the last wait.
  public func event(_ index: Int) -> (token: EpollToken, readiness: Readiness) {
    let event = unsafe events[index]
    return unsafe (
      EpollToken(rawValue: weir_epoll_token(event)), Readiness(rawValue: event.events)
    )
  }
}
