import FileQueue
import Hub
import Kernel
import Logging

/// What the service manager is told while weir serves: that it does, how much, and how long a stop will take.
///
/// Belongs to the main thread.
struct ServiceWatch: ~Copyable {
  private enum Phase {
    case serving
    case stopping
  }

  /// The text that `systemctl status` shows is looked at so often.
  private static let statusInterval: Duration = .seconds(10)
  /// While weir stops, it asks so often for so much more time.
  private static let stoppingInterval: Duration = .seconds(2)
  private static let stoppingTime: Duration = .seconds(20)
  /// Of the watchdog's time: a thread that has not turned for the first part is stuck, and so often it is looked.
  private static let stuckPart: Int64 = 2
  private static let lookPart: Int64 = 6

  private let notices: ServiceNotices
  private let hub: Hub
  private let queue: Queue
  private let log: Logger
  private var phase = Phase.serving
  /// When it is to look next, monotonic nanoseconds; nil where there is no watchdog.
  private var nextLook: Int64?
  private var nextStatus: Int64 = 0
  private var status = ""
  /// The newest sequence at the last status, and when that was.
  private var counted: (next: UInt64, at: Int64)
  private var stuck: String?

  init(_ notices: consuming ServiceNotices, _ hub: Hub, _ queue: Queue, _ log: Logger) {
    let now = Clock.monotonicNanoseconds()
    nextLook = notices.watchdogTime == nil ? nil : now
    self.notices = notices
    self.hub = hub
    self.queue = queue
    self.log = log
    counted = (queue.durableNext, now)
  }

  /// For how long there is nothing to do; nil for ever.
  var pause: Duration? {
    guard notices.isThere else { return nil }
    let next = min(nextLook ?? .max, nextStatus)
    return .nanoseconds(max(0, next - Clock.monotonicNanoseconds()))
  }

  /// Tells that all threads serve.
  mutating func ready() {
    status = "Serving"
    notices.tell("READY=1", "STATUS=\(status)")
    nextStatus = Clock.monotonicNanoseconds() + Self.statusInterval.wholeNanoseconds
  }

  /// Tells that the settings are read again, and that they have been.
  func reloading(_ reload: () -> Void) {
    notices.tell("RELOADING=1", ServiceNotices.moment)
    reload()
    notices.tell("READY=1")
  }

  /// Tells that weir is about to end.
  mutating func stopping() {
    phase = .stopping
    notices.tell("STOPPING=1")
    nextStatus = 0
    look()
  }

  /// Tells what is due.
  mutating func look() {
    guard notices.isThere else { return }
    let now = Clock.monotonicNanoseconds()
    if let time = notices.watchdogTime?.wholeNanoseconds, let next = nextLook, next <= now {
      nextLook = now + time / Self.lookPart
      feed(now: now, patience: time / Self.stuckPart)
    }
    guard nextStatus <= now else { return }
    switch phase {
    case .serving:
      tell(servingStatus(now: now))
      nextStatus = now + Self.statusInterval.wholeNanoseconds
    case .stopping:
      notices.tell("EXTEND_TIMEOUT_USEC=\(Self.stoppingTime.wholeNanoseconds / 1000)")
      tell("Stopping, \(hub.streamCount) streams to end")
      nextStatus = now + Self.stoppingInterval.wholeNanoseconds
    }
  }

  /// Tells the watchdog that weir lives, unless one of its threads stands still.
  private mutating func feed(now: Int64, patience: Int64) {
    let found = hub.pulses.first { $0.silence(now: now) > patience }
    if let found {
      if stuck != found.name {
        log.critical(
          "a thread stands still: the service manager is told so",
          metadata: [
            "thread": "\(found.name)",
            "seconds": "\(found.silence(now: now) / 1_000_000_000)",
          ])
      }
    } else {
      notices.tell("WATCHDOG=1")
    }
    stuck = found?.name
  }

  private mutating func servingStatus(now: Int64) -> String {
    let next = queue.durableNext
    let seconds = max(1, (now - counted.at) / 1_000_000_000)
    let rate = (next - min(next, counted.next)) / UInt64(seconds)
    counted = (next, now)
    return "Serving \(hub.streamCount) streams, \(rate) events/s, newest \(queue.newestID)"
  }

  private mutating func tell(_ text: String) {
    if text == status { return }
    status = text
    notices.tell("STATUS=\(text)")
  }
}
