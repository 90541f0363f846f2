package import FileQueue
package import Kernel
package import Logging
import Synchronization

/// The groups of a worker: a thread that has a part in those of its members, and brings in what happens to them.
///
/// Any thread may use it. What is decided here is who gets which event; the streams read and send it themselves.
package final class Groups: Sendable {
  private let queue: Queue
  private let waker: Waker
  private let mailbox: Mailbox<GroupLetter>
  private let thread: Thread
  private let keys = Atomic<UInt64>(0)

  /// Starts the thread.
  ///
  /// - Parameter failure: told if the thread cannot go on.
  package init(
    _ queue: Queue, _ log: Logger, failure: @escaping @Sendable (SystemCallError) -> Void
  ) throws {
    let waker = try Waker()
    let mailbox = Mailbox<GroupLetter>(waker: waker)
    thread = try Thread.owning(
      name: "groups", state: { try GroupRounds(queue, mailbox, waker, log) }
    ) { (rounds: consuming GroupRounds) in
      do throws(SystemCallError) { try rounds.run() } catch { failure(error) }
    }
    self.queue = queue
    self.waker = waker
    self.mailbox = mailbox
  }

  /// Finds out whether a stream may be a member, as far as can be told before it begins, and what it may expect.
  ///
  /// Reads the group's file, on the calling thread.
  ///
  /// - Throws: `otherTerms`, `tooManyMembers`, `tooManyGroups`, `damaged`, `queue`.
  package func find(_ entry: GroupEntry) throws(GroupError) -> GroupFinding {
    try queue.groups.find(entry.name, entry.terms, in: queue)
  }

  /// Acknowledges events; `reply` is told which of them were outstanding.
  ///
  /// - Parameter ids: nil stands for one that is no event's.
  package func acknowledge(
    _ ids: [EventID?], of name: GroupName,
    reply: @escaping @Sendable (Result<[Bool], GroupError>) -> Void
  ) {
    mailbox.post(.acknowledge(name, ids, reply))
  }

  /// Tells of a group.
  package func tell(
    of name: GroupName,
    reply: @escaping @Sendable (Result<GroupFigures, GroupError>) -> Void
  ) {
    mailbox.post(.tell(name, reply))
  }

  /// Removes a group that has no members.
  package func remove(
    _ name: GroupName, reply: @escaping @Sendable (Result<Void, GroupError>) -> Void
  ) {
    mailbox.post(.remove(name, reply))
  }

  /// Ends the thread, once it has done what it was asked to; the stream loops have ended.
  package func stop() {
    mailbox.post(.stop)
    thread.join()
  }

  // MARK: - For stream loops

  /// A key that no other member of the worker has.
  func newKey() -> UInt64 { keys.wrappingAdd(1, ordering: .relaxed).newValue }

  func join(_ arrival: GroupArrival) { mailbox.post(.join(arrival)) }

  func note(_ name: GroupName, _ change: Group.Change) { mailbox.post(.note(name, change)) }
}
