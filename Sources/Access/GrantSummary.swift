/// A grant as people want to see it.
public struct GrantSummary: Sendable, Encodable {
  /// Its own in the file.
  public let name: String
  /// By what it is proven: `token`, `jwt`, `nginx` or `anonymous`.
  public let proof: String
  /// How many tokens prove it; nil for one that none prove.
  public let tokens: Int?
  /// When it ends, in milliseconds since 1970; nil for never.
  public let expires: Int64?
  /// Topics and patterns.
  public let publish: [String]
  /// The same.
  public let subscribe: [String]

  init(_ grant: Grant) {
    name = grant.name.text
    var tokens: Int?
    switch grant.means {
    case .tokens(let count):
      proof = "token"
      tokens = count
    case .webToken: proof = "jwt"
    case .nginx: proof = "nginx"
    case .anonymous: proof = "anonymous"
    }
    self.tokens = tokens
    expires = grant.expiresAt
    switch grant.scope {
    case .fixed(let allowance):
      publish = allowance.publish.map(\.description)
      subscribe = allowance.subscribe.map(\.description)
    case .ofUser(let publish, let subscribe):
      self.publish = publish.map(\.description)
      self.subscribe = subscribe.map(\.description)
    }
  }
}
