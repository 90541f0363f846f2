import Kernel

/// What all members of a group ask for alike.
public struct GroupTerms: Hashable, Sendable, CustomStringConvertible {
  /// Which events.
  public let filter: TopicFilter
  /// Which of them are kept, by their names; nil for all.
  public let names: EventNames?
  /// How long a member may take to acknowledge one, in whole milliseconds; nil where it need not.
  public let acknowledgement: Duration?

  /// Terms of their parts.
  public init(filter: TopicFilter, names: EventNames? = nil, acknowledgement: Duration?) {
    self.filter = filter
    self.names = names
    self.acknowledgement = acknowledgement
  }

  /// For people, as the parameters of a request.
  public var description: String {
    let names = names.map { ", event=\($0.texts.joined(separator: ","))" } ?? ""
    let acknowledgement = acknowledgement.map { "ack=\($0.wholeMilliseconds)ms" } ?? "no ack"
    return "topics=\(filter)\(names), \(acknowledgement)"
  }
}
