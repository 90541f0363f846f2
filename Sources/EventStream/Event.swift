/// What is published and received.
///
/// A value: any thread may make, keep and send it.
public struct Event: Sendable, Hashable {
  /// The `event:` field; nil stands for "message", which browsers hand to `onmessage`.
  public var type: EventType?

  /// The `data:` field: any text; its line breaks (CR, LF, CRLF) all arrive as LF.
  public var data: String

  /// The `id:` field: where a reconnecting browser resumes.
  ///
  /// Not checked here, but when it is written.
  public var id: String?

  /// The `retry:` field: how many milliseconds a browser waits before it reconnects, 0 or more.
  public var retryMilliseconds: Int?

  /// An event of its fields.
  public init(
    type: EventType? = nil, data: String, id: String? = nil, retryMilliseconds: Int? = nil
  ) {
    self.type = type
    self.data = data
    self.id = id
    self.retryMilliseconds = retryMilliseconds
  }
}
