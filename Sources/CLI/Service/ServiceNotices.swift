import Kernel

/// Tells the service manager how weir is, in datagrams of lines (sd_notify(3)); belongs to the main thread.
///
/// Where there is none, or it does not listen, nothing happens.
struct ServiceNotices: ~Copyable {
  private let socket: NoticeSocket?
  /// How long the service manager waits for a sign of life before it ends the process; nil where it does not.
  let watchdogTime: Duration?

  /// What the variables say, which are gone then.
  ///
  /// On the main thread, before there are others.
  init() {
    let time = Environment.take("WATCHDOG_USEC").flatMap { Int64($0) }
    let process = Environment.take("WATCHDOG_PID")
    if let name = Environment.take("NOTIFY_SOCKET") {
      socket = try? NoticeSocket(to: name)
    } else {
      socket = nil
    }
    let isForThis = process == nil || process == "\(Credentials.process)"
    if socket != nil, isForThis, let time, time > 0 {
      watchdogTime = .microseconds(time)
    } else {
      watchdogTime = nil
    }
  }

  /// Whether somebody is told.
  var isThere: Bool {
    switch socket {
    case .some: true
    case .none: false
    }
  }

  /// Tells something, one assignment a line.
  func tell(_ lines: String...) {
    switch socket {
    case .some(let socket): socket.send(lines.joined(separator: "\n"))
    case .none: break
    }
  }

  /// The moment, as the service manager wants it with RELOADING=1.
  static var moment: String { "MONOTONIC_USEC=\(Clock.monotonicNanoseconds() / 1000)" }
}
