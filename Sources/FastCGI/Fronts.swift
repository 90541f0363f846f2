public import Kernel
import Synchronization

/// The running fronts of a process.
public final class Fronts: Sendable {
  private struct Member: Sendable {
    let mailbox: Mailbox<Front.Letter>
    let waker: Waker
  }

  /// Promised answers that are not there so long after ``stop()`` are not given any more.
  public static let stopPatience: Duration = .seconds(5)

  /// Shows of each whether it turns.
  public let pulses: [Pulse]
  private let members: [Member]
  private let threads: [Thread]

  private init(members: [Member], threads: [Thread], pulses: [Pulse]) {
    self.pulses = pulses
    self.members = members
    self.threads = threads
  }

  /// Starts fronts that share a listener.
  ///
  /// - Parameters:
  ///   - count: threads.
  ///   - shortage: told on a front's thread, once for each shortage, why connections have to wait.
  ///   - failure: told on a front's thread if it cannot go on.
  public static func start(
    count: Int, listener: consuming Listener, responder: some Responder, limits: FrontLimits,
    shortage: @escaping @Sendable (String) -> Void,
    failure: @escaping @Sendable (SystemCallError) -> Void
  ) throws -> Fronts {
    let shared = SharedListener(listener)
    let shortage = Shortage(shortage)
    var members: [Member] = []
    var threads: [Thread] = []
    let pulses = (0..<count).map { Pulse(name: "front-\($0)") }
    for index in 0..<count {
      let waker = try Waker()
      let mailbox = Mailbox<Front.Letter>(waker: waker)
      members.append(Member(mailbox: mailbox, waker: waker))
      let share = ListenerShare(shared)
      let pulse = pulses[index]
      threads.append(
        try Thread.owning(
          name: pulse.name,
          state: { try Front(share.take(), responder, limits, shortage, mailbox, waker, pulse) }
        ) { (front: consuming Front) in
          do throws(SystemCallError) { try front.run() } catch { failure(error) }
        })
    }
    return Fronts(members: members, threads: threads, pulses: pulses)
  }

  /// Lets go of the listener and answers what has been asked by now; then the threads end.
  public func stop() {
    for member in members { member.mailbox.post(.stop) }
  }

  /// Waits for the threads to end, which takes at most ``stopPatience``; once, after ``stop()``.
  public func join() {
    for thread in threads { thread.join() }
  }
}

/// A front's share of the listener; a thread's closures live as long as the thread, and must not keep
/// the socket open.
private final class ListenerShare: Sendable {
  private let listener: Mutex<SharedListener?>

  init(_ listener: SharedListener) {
    self.listener = Mutex(listener)
  }

  /// The listener, the first time.
  func take() -> SharedListener? {
    listener.withLock { $0.take() }
  }
}

/// A listener that several threads accept from.
final class SharedListener: Sendable {
  let listener: Listener

  init(_ listener: consuming Listener) {
    self.listener = listener
  }
}
