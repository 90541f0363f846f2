import CLinux
import Glibc

/// Signals read as events instead of handled: they are blocked in every thread that is started after
/// this is made, and arrive in an epoll (signalfd(2)).
public struct SignalQueue: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// SIGTERM, the polite request to end.
  public static let terminate = SIGTERM
  /// SIGINT, Ctrl-C.
  public static let interrupt = SIGINT
  /// SIGHUP: the terminal is gone, or a service manager asks for a reload.
  public static let hangUp = SIGHUP

  /// Whether whoever started the process wants a signal to do nothing to it, as nohup(1) does.
  public static func isIgnored(_ signal: CInt) -> Bool {
    weir_is_ignored(signal)
  }

  /// Blocks `signals` in the calling thread and in those it starts from now on; call it on the main
  /// thread before any other thread is there.
  public init(_ signals: [CInt]) throws(SystemCallError) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    let number = try SystemCall.check("signalfd") {
      unsafe CLinux.signalfd(-1, &set, CInt(SFD_CLOEXEC | SFD_NONBLOCK))
    }
    descriptor = Descriptor(owning: number)
  }

  /// What came of waiting for signals and a bell.
  public enum Call: Hashable, Sendable {
    /// A signal of this number.
    case signal(CInt)
    /// The bell was rung.
    case ring
    /// Nothing, for as long as was to be waited.
    case nothing
  }

  /// Waits until one of the signals arrives, or `waker` is rung, which comes first; one thread (poll(2)).
  ///
  /// - Parameter timeout: nil waits without end.
  public func next(
    orRingOf waker: Waker, timeout: Duration? = nil
  ) throws(SystemCallError) -> Call {
    var entries = [descriptor.number, waker.number].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    let milliseconds = timeout.map { CInt(clamping: $0.wholeMilliseconds) } ?? -1
    _ = try SystemCall.check("poll") { unsafe Glibc.poll(&entries, 2, milliseconds) }
    if entries[1].revents != 0 { return .ring }
    return read().map { .signal($0) } ?? .nothing
  }

  /// What was waited for.
  public enum Arrival: Hashable, Sendable {
    /// A signal of this number.
    case signal(CInt)
    /// Something can be read, the end among it.
    case input
    /// Nothing, for as long as was to be waited.
    case nothing
  }

  /// Waits until one of the signals arrives or something can be read, at most `timeout`; a signal comes
  /// first (poll(2)).
  ///
  /// - Parameter input: nil waits for signals only.
  public func next(
    orInputFrom input: StandardStream?, timeout: Duration
  ) throws(SystemCallError) -> Arrival {
    var entries = [pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)]
    if let input {
      entries.append(pollfd(fd: input.rawValue, events: Int16(POLLIN), revents: 0))
    }
    entries = try StandardStream.wait(for: entries, timeout: timeout)
    if entries[0].revents != 0, let signal = read() { return .signal(signal) }
    return entries.count > 1 && entries[1].revents != 0 ? .input : .nothing
  }

  private func read() -> CInt? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    let count = unsafe Glibc.read(descriptor.number, &info, size)
    return count == size ? CInt(info.ssi_signo) : nil
  }

  /// Ends the process as a signal does that it takes no notice of, so that whoever started it learns why.
  public static func end(by signal: CInt) -> Never {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, signal)
    _ = Glibc.signal(signal, SIG_DFL)
    _ = Glibc.raise(signal)
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    Glibc.exit(128 + signal)
  }

  /// Makes writing to a closed socket or pipe (EPIPE), and beyond the limit of a file's size
  /// (EFBIG), errors instead of a death by signal.
  public static func ignoreFailedWrites() {
    _ = Glibc.signal(SIGPIPE, SIG_IGN)
    _ = Glibc.signal(SIGXFSZ, SIG_IGN)
  }

  /// Makes SIGTERM end the process again, where a library has put a handler of its own.
  public static func restoreDefaultTermination() {
    _ = Glibc.signal(SIGTERM, SIG_DFL)
  }

  /// Makes SIGUSR1 and SIGUSR2, which mean nothing to weir, do nothing.
  public static func ignoreUserSignals() {
    _ = Glibc.signal(SIGUSR1, SIG_IGN)
    _ = Glibc.signal(SIGUSR2, SIG_IGN)
  }
}
