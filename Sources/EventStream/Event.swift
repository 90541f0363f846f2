/// What is published and received.
public struct Event: Sendable, Hashable {
  /// The `event:` field; nil stands for "message", which browsers hand to `onmessage`.
  public var type: EventType?
  /// The `data:` field; its line breaks become lines of their own on the wire.
  public var data: String
  /// The `id:` field.
  public var id: String?
  /// The `retry:` field: how long a browser waits before it reconnects.
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
