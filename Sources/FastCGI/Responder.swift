/// What answers requests; made by whoever starts the fronts.
public protocol Responder: Sendable {
  /// Answers a request, or says who will; called on a front's thread, so it must not block.
  func answer(_ request: borrowing Request, exchange: Exchange) -> Answer
  /// The answer to a request that the front does not take in.
  func refuse(_ refusal: Refusal) -> Response
}

/// How a request is answered.
public enum Answer: Sendable {
  /// With this response, now.
  case now(Response)
  /// By ``Exchange/complete(_:)``, from any thread.
  case later
  /// With a stream: the connection is handed to the closure, on the front's thread.
  case stream(@Sendable (consuming StreamConnection) -> Void)
}

/// Why a front does not take a request in.
public enum Refusal: Hashable, Sendable {
  /// The body is larger than the front's limit.
  case bodyTooLarge(byteCountMaximum: Int)
}
