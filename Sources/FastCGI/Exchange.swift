import Kernel

/// A request whose answer comes later; any thread may complete it, once.
public struct Exchange: Sendable {
  let mailbox: Mailbox<Front.Letter>
  let token: EpollToken

  /// Sends the answer; one for a connection that is gone by now is dropped.
  public func complete(_ response: Response) {
    mailbox.post(.response(response, token))
  }
}
