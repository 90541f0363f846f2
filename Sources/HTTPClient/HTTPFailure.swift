/// Why a request got no answer, or no whole one.
public enum HTTPFailure: Error, Sendable, CustomStringConvertible {
  /// libcurl is not there, or too old.
  case noLibrary(reason: String)
  /// The connection could not be made, or broke off: another try may succeed.
  case broken(reason: String)
  /// Nothing has come or gone for so long: the connection is taken for dead.
  case silent(seconds: Int)
  /// The request cannot succeed, as where a certificate is not trusted.
  case impossible(reason: String)
  /// What the request is made of cannot be sent, as with an address that is none.
  case malformed(reason: String)

  /// Whether another try may succeed.
  public var isPassing: Bool {
    switch self {
    case .broken, .silent: true
    case .noLibrary, .impossible, .malformed: false
    }
  }

  /// What happened, and what to do next.
  public var description: String {
    switch self {
    case .noLibrary(let reason):
      "libcurl is needed for --url and cannot be loaded (\(reason)): install it, on Debian with "
        + "`apt-get install libcurl4`"
    case .broken(let reason), .impossible(let reason), .malformed(let reason): reason
    case .silent(let seconds): "nothing came for \(seconds) s"
    }
  }
}
