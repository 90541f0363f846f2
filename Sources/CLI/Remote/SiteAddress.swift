import ArgumentParser

/// Where a weir is: the address of the site that `/publish` and `/sse` are below.
struct SiteAddress: ExpressibleByArgument {
  private let text: String

  /// Reads `https://example.org`, with a path if the site has weir below one.
  init(_ text: String) throws(ValidationError) {
    let bytes = text.utf8
    guard bytes.starts(with: "http://".utf8) || bytes.starts(with: "https://".utf8) else {
      throw ValidationError("it begins with http:// or https://, as in https://example.org")
    }
    guard !bytes.contains(UInt8(ascii: "?")), !bytes.contains(UInt8(ascii: "#")) else {
      throw ValidationError(
        "it has no '?' and no '#': topics and the like are options of their own")
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: true).dropFirst(2)
    if let part = parts.first(where: { $0 == "sse" || $0 == "publish" }) {
      throw ValidationError(
        "it is the site's, without /\(part) and what follows: the topic is named with --topic")
    }
    guard text.split(separator: "/", omittingEmptySubsequences: true).count > 1 else {
      throw ValidationError("it has no host, as in https://example.org")
    }
    var rest = text[...]
    while rest.last == "/" { rest.removeLast() }
    self.text = String(rest)
  }

  init?(argument: String) {
    try? self.init(argument)
  }

  /// The address of something of weir's.
  ///
  /// - Parameters:
  ///   - path: from the slash on.
  ///   - query: names and values, as they are.
  func address(_ path: String, _ query: [(name: String, value: String)] = []) -> String {
    let pairs = query.map { "\(Self.encode($0.name))=\(Self.encode($0.value))" }
    return text + path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
  }

  /// The port that it names, or that its scheme has.
  var port: Int {
    let authority = text.split(separator: "/", omittingEmptySubsequences: true)[1]
    let host = authority.split(separator: "@").last ?? authority
    // An IPv6 address has colons of its own.
    let rest = host.split(separator: "]").last ?? host
    let number = rest.split(separator: ":", omittingEmptySubsequences: false).dropFirst().last
    return number.flatMap { Int($0) } ?? (text.utf8.starts(with: "https:".utf8) ? 443 : 80)
  }

  /// Percent-encodes all that RFC 3986, section 2.3, reserves.
  static func encode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return encoded
  }
}
