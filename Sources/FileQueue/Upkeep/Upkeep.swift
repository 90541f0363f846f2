import Kernel
import Synchronization
import SystemPackage

/// Looks after a queue while a worker serves it: removes what retention does not keep, makes the
/// topic tables of sealed segments, and puts on disk what a dead process has left unsynced.
///
/// A thread of its own does the work. Of several workers one at a time does it, whoever gets the
/// lock.
public final class Upkeep: Sendable {
  /// Told on the upkeep's thread of what it did or could not do, in words.
  public typealias Report = @Sendable (_ isError: Bool, String) -> Void
  /// Told on the upkeep's thread, once, that the path leads to another queue than the one that is open,
  /// in words: whoever serves it is to end and to open what is there.
  public typealias Replaced = @Sendable (String) -> Void

  /// What others want to be kept, until the thread takes notice.
  private final class Wanted: Sendable {
    let retention: Mutex<Retention>

    init(_ retention: Retention) { self.retention = Mutex(retention) }
  }

  private let wanted: Wanted
  private let waker: Waker
  private let thread: Thread

  /// Starts the thread.
  ///
  /// - Throws: what opening the queue for appending throws, and what stands in the way of a thread.
  public init(
    _ queue: Queue, retention: Retention, keyWindow: Duration = QueueLimits.keyWindow,
    report: @escaping Report,
    replaced: @escaping Replaced = { _ in }
  ) throws {
    let waker = try Waker()
    let wanted = Wanted(retention)
    self.wanted = wanted
    thread = try Thread.owning(
      name: "upkeep",
      state: { try UpkeepRounds(queue, retention: retention, keyWindow: keyWindow, report: report) }
    ) { rounds in
      var rounds = rounds
      var watch = PlaceWatch(queue, report: report)
      while !rounds.isStopped(waker) {
        rounds.keep(wanted.retention.withLock { $0 })
        switch watch.look() {
        case .here: rounds.run()
        case .away: rounds.lookAtClocks()
        case .replaced(let what): return replaced(what)
        }
      }
    }
    self.waker = waker
  }

  /// Keeps so much from the next round on; segments get as large as at the start.
  ///
  /// Any thread.
  public func keep(_ retention: Retention) {
    wanted.retention.withLock { $0 = retention }
  }

  /// Ends the thread, after the round that it is in.
  public func stop() {
    waker.ring()
    thread.join()
  }
}
