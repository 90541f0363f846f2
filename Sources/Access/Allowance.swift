/// What a grant, a token or the web server allows: topics and patterns.
public struct Allowance: Hashable, Sendable, Codable {
  /// What may be published to.
  public let publish: [AccessPattern]
  /// What may be read.
  public let subscribe: [AccessPattern]

  /// What is allowed.
  public init(publish: [AccessPattern] = [], subscribe: [AccessPattern] = []) {
    self.publish = publish
    self.subscribe = subscribe
  }
}
