/// What a request shows of who it is from.
public struct PresentedCredentials: Sendable {
  /// A bearer token, as it was sent; nil where there is none.
  public var token: String?
  /// What the web server says in parameters that no client can send; nil where it says nothing.
  public var nginx: NginxWord?

  /// Who the web server says it is.
  public struct NginxWord: Sendable {
    /// The user's name; empty where it names none.
    public var user: String
    /// Patterns with commas between them.
    public var publish: String
    /// The same.
    public var subscribe: String

    /// What it says; nil where that is nothing.
    public init?(user: String, publish: String, subscribe: String) {
      if user.isEmpty, publish.isEmpty, subscribe.isEmpty { return nil }
      self.user = user
      self.publish = publish
      self.subscribe = subscribe
    }
  }

  /// What a request shows.
  public init(token: String? = nil, nginx: NginxWord? = nil) {
    self.token = token
    self.nginx = nginx
  }
}
