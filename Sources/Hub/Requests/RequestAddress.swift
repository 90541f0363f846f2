/// The path of a request as the client has sent it, in the request line.
struct RequestAddress {
  /// From its first slash to its end, percent escapes as they were sent.
  private let raw: ArraySlice<UInt8>
  /// The same with percent escapes decoded, and nothing else done to it.
  private let decoded: [UInt8]
  /// What a web server makes of it: decoded, slashes merged, dots resolved.
  let resolved: [UInt8]

  private static let slash = UInt8(ascii: "/")

  /// - Parameter uri: REQUEST_URI; nil where that is no path, nor an address with one.
  init?(_ uri: [UInt8]) {
    var path = uri.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    if path.first != Self.slash {
      // The absolute form (RFC 9112, section 3.2.2): a scheme and a host before the path.
      guard let colon = path.firstIndex(of: UInt8(ascii: ":")),
        path[colon...].starts(with: "://".utf8),
        let begin = path[(colon + 3)...].firstIndex(of: Self.slash)
      else { return nil }
      path = path[begin...]
    }
    raw = path
    decoded = PercentDecoding.decode(path)
    resolved = Self.resolve(decoded)
  }

  /// Whether a web server changes more than the escapes of it.
  var hasToBeResolved: Bool { decoded != resolved }

  /// What stands behind the first part and its slash, decoded; nil where the first part is not `name`
  /// as the address was sent.
  func rest(behind name: ArraySlice<UInt8>) -> [UInt8]? {
    let path = raw.dropFirst()
    let end = path.firstIndex(of: Self.slash) ?? path.endIndex
    guard PercentDecoding.decode(path[..<end]).elementsEqual(name) else { return nil }
    return PercentDecoding.decode(path[end...].dropFirst())
  }

  /// Merges slashes and resolves the parts `.` and `..`, as web servers do (RFC 3986, section 5.2.4).
  static func resolve(_ path: [UInt8]) -> [UInt8] {
    var parts: [ArraySlice<UInt8>] = []
    let all = path.split(separator: slash, omittingEmptySubsequences: false)
    for part in all where !part.isEmpty {
      if part.elementsEqual("..".utf8) {
        _ = parts.popLast()
      } else if !part.elementsEqual(".".utf8) {
        parts.append(part)
      }
    }
    let isFolder = all.last.map { [".", "..", ""].contains(String(decoding: $0, as: UTF8.self)) }
    return parts.reduce(into: []) { $0 += [slash] + $1 }
      + (isFolder == true || parts.isEmpty ? [slash] : [])
  }
}
