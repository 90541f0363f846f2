/// A request; GET where it has no body, otherwise POST.
public struct HTTPRequest: Sendable {
  /// The whole address, `http:` or `https:`.
  public var address: String
  /// Names and values; neither may have a control character.
  public var headers: [(name: String, value: String)]
  /// What is posted; nil for a GET.
  public var body: [UInt8]?
  /// A transfer in which nothing comes or goes for so long is taken for dead.
  public var silenceMaximum: Duration

  /// A request of its parts.
  public init(
    _ address: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
    silenceMaximum: Duration = .seconds(60)
  ) {
    self.address = address
    self.headers = headers
    self.body = body
    self.silenceMaximum = silenceMaximum
  }
}
