/// Takes the body of a request piece by piece, and is told what becomes of the request.
///
/// Called on the thread of the front that the request came to: nothing in it may wait. What it has to say
/// goes through the ``Exchange``, from any thread.
public protocol BodySink: Sendable {
  /// Takes the next bytes of the body, at least one.
  ///
  /// - Returns: whether it takes more now; if not, the front reads no more from the web server until
  ///   ``Exchange/resume()``, and so the web server reads no more from the sender.
  func take(_ piece: [UInt8]) -> Bool
  /// The body is whole; not told where the answer has begun before.
  func end()
  /// What was given to ``Exchange/send(_:isLast:)`` is on its way: the next piece may be given.
  func drained()
  /// The web server has given the request up, or its connection is gone: nobody reads an answer.
  func abandon()
  /// The process is about to end: an answer that is given within ``Fronts/stopPatience`` is sent.
  func stop()
}

/// How a front goes on with a request whose head is whole and whose body still comes.
public enum Reception: Sendable {
  /// It collects the body and asks for an answer then.
  case whole
  /// It hands the body on, piece by piece, to who answers by the exchange.
  case pieces(any BodySink)
  /// It answers at once; the body is not looked at.
  case refused(Response)
}
