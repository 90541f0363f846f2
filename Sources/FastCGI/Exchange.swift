import Kernel

/// A request whose answer comes later; any thread may complete it, once.
public struct Exchange: Sendable {
  let mailbox: Mailbox<Front.Letter>
  let name: RequestName
  /// Header fields that the answer gets behind its own, whoever gives it.
  public var headers: [(name: String, value: String)] = []

  /// Sends the answer; one to a request that was given up by now is dropped.
  public func complete(_ response: Response) {
    mailbox.post(.response(response.adding(headers), name))
  }

  /// Sends a piece of an answer to a request whose body goes to a sink.
  ///
  /// ``BodySink/drained()`` asks for the next one. The first begins with ``Response/rendered``.
  public func send(_ piece: [UInt8], isLast: Bool) {
    mailbox.post(.piece(piece, isLast: isLast, name))
  }

  /// Asks for more of the body, after ``BodySink/take(_:)`` has said that it takes none.
  public func resume() {
    mailbox.post(.resume(name))
  }
}
