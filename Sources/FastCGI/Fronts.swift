public import Kernel

/// The running fronts of a process.
public final class Fronts: Sendable {
  private struct Member: Sendable {
    let mailbox: Mailbox<Front.Letter>
    let waker: Waker
  }

  private let members: [Member]
  private let threads: [Thread]

  private init(members: [Member], threads: [Thread]) {
    self.members = members
    self.threads = threads
  }

  /// Starts fronts that share a listener.
  ///
  /// - Parameters:
  ///   - count: threads.
  ///   - failure: told on a front's thread if it cannot go on.
  public static func start(
    count: Int, listener: consuming Listener, responder: some Responder, limits: FrontLimits,
    failure: @escaping @Sendable (SystemCallError) -> Void
  ) throws(SystemCallError) -> Fronts {
    let shared = SharedListener(listener)
    var members: [Member] = []
    var threads: [Thread] = []
    for index in 0..<count {
      let waker = try Waker()
      let mailbox = Mailbox<Front.Letter>(waker: waker)
      members.append(Member(mailbox: mailbox, waker: waker))
      threads.append(
        try Thread(name: "front-\(index)") {
          do throws(SystemCallError) {
            try Front(shared, responder, limits, mailbox, waker).run()
          } catch {
            failure(error)
          }
        })
    }
    return Fronts(members: members, threads: threads)
  }

  /// Takes no more requests, gives the answers that were promised, and ends the threads; once.
  public func stop() {
    for member in members { member.mailbox.post(.stop) }
    for thread in threads { thread.join() }
  }
}

/// A listener that several threads accept from.
final class SharedListener: Sendable {
  let listener: Listener

  init(_ listener: consuming Listener) {
    self.listener = listener
  }
}
