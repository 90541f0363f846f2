/// A request.
public struct HTTPRequest: Sendable {
  /// The whole address, `http:` or `https:`.
  public var address: String
  /// What is asked for: `DELETE` and the like; nil for GET without a body, and POST with one.
  public var method: String?
  /// Names and values; neither may have a control character.
  public var headers: [(name: String, value: String)]
  /// What is sent; nil for nothing.
  public var body: [UInt8]?
  /// A transfer in which nothing comes or goes for so long is taken for dead.
  public var silenceMaximum: Duration
  /// Whether a name and a password for the host are taken from `~/.netrc`.
  public var takesPassword = true

  /// A request of its parts.
  public init(
    _ address: String, method: String? = nil, headers: [(name: String, value: String)] = [],
    body: [UInt8]? = nil,
    silenceMaximum: Duration = .seconds(60)
  ) {
    self.address = address
    self.method = method
    self.headers = headers
    self.body = body
    self.silenceMaximum = silenceMaximum
  }
}
