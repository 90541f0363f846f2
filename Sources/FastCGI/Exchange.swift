import Kernel

/// A request whose answer comes later; any thread may complete it, once.
public struct Exchange: Sendable {
  let mailbox: Mailbox<Front.Letter>
  let token: EpollToken
  /// Header fields that the answer gets behind its own, whoever gives it.
  public var headers: [(name: String, value: String)] = []

  /// Sends the answer; one for a connection that is gone by now is dropped.
  public func complete(_ response: Response) {
    mailbox.post(.response(response.adding(headers), token))
  }
}
