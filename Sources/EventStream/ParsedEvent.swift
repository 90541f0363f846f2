/// An event as a browser would dispatch it.
public struct ParsedEvent: Sendable, Hashable {
  /// The name of the event: "message" when the stream gave none.
  public var type: String

  /// The lines of data, with LF between them.
  public var data: String

  /// The last id that the stream gave, with this event or before it; empty when there was none.
  public var lastEventID: String

  /// An event of its fields, as a test expects it.
  public init(type: String = "message", data: String, lastEventID: String = "") {
    self.type = type
    self.data = data
    self.lastEventID = lastEventID
  }
}
