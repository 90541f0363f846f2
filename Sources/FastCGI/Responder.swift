/// What answers requests; made by whoever starts the fronts.
public protocol Responder: Sendable {
  /// Answers a request, or says who will; called on a front's thread, so it must not block.
  func answer(_ request: borrowing Request, exchange: Exchange) -> Answer
  /// Says how the body of a request is to be had of which only the head is there; its ``Request/body`` is
  /// empty. Not asked where head and body come together.
  func receive(_ head: borrowing Request, exchange: Exchange) -> Reception
  /// The answer to a request that the front does not take in.
  func refuse(_ refusal: Refusal) -> Response
}

extension Responder {
  /// Every body is collected.
  public func receive(_ head: borrowing Request, exchange: Exchange) -> Reception { .whole }
}

/// How a request is answered.
public enum Answer: Sendable {
  /// With this response, now.
  case now(Response)
  /// By ``Exchange/complete(_:)``, from any thread.
  case later
  /// By the sink, which gets the whole body first.
  case pieces(any BodySink)
  /// With a stream: the connection is handed to the closure, on the front's thread.
  case stream(@Sendable (consuming StreamConnection) -> Void)
}

/// Why a front does not take a request in.
public enum Refusal: Hashable, Sendable {
  /// The body is larger than the front's limit.
  case bodyTooLarge(byteCountMaximum: Int)
}
