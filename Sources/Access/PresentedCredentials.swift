/// What a request shows of who it is from.
public struct PresentedCredentials: Sendable {
  /// The bytes of a bearer token, as it was sent; nil where there is none.
  public var token: [UInt8]?
  /// What the web server says in parameters that no client can send; nil where it says nothing.
  public var nginx: NginxWord?

  /// Who the web server says it is.
  public struct NginxWord: Sendable {
    /// The user's name; nil where it names none.
    public var user: UserName?
    /// Patterns with commas between them.
    public var publish: String
    /// The same.
    public var subscribe: String

    /// What it says; nil where that is nothing.
    public init?(user: UserName?, publish: String, subscribe: String) {
      if user == nil, publish.isEmpty, subscribe.isEmpty { return nil }
      self.user = user
      self.publish = publish
      self.subscribe = subscribe
    }

    /// What it allows beside the grants; what is no pattern allows nothing.
    var allowance: Allowance {
      Allowance(publish: Self.patterns(publish), subscribe: Self.patterns(subscribe))
    }

    private static func patterns(_ text: String) -> [AccessPattern] {
      let space = UInt8(ascii: " ")
      return text.utf8.split(separator: UInt8(ascii: ","))
        .map { part in
          String(
            decoding: part.drop { $0 == space }.reversed().drop { $0 == space }.reversed(),
            as: UTF8.self)
        }
        .filter { !$0.isEmpty }.prefix(AccessLimits.patternsPerGrantCountMaximum)
        .compactMap { AccessPattern($0) }
    }
  }

  /// What a request shows.
  public init(token: [UInt8]? = nil, nginx: NginxWord? = nil) {
    self.token = token
    self.nginx = nginx
  }
}
