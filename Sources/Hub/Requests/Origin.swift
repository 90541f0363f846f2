/// How browsers write an origin (Fetch standard, header `Origin`): a scheme and a host in small letters,
/// and a port if it is not the scheme's own, with nothing behind.
public enum Origin {
  /// What is wrong with a text that is to be an origin, or `*` for all; nil where nothing is.
  ///
  /// Compared to the letter with what browsers send, one that is written otherwise would match nothing.
  public static func fault(in text: String) -> String? {
    let bytes = Array(text.utf8)
    if bytes == Array("*".utf8) { return nil }
    if bytes == Array("null".utf8) {
      return
        "'null' is what browsers say of pages without an origin, which anybody can make: name '*' "
        + "if all pages may read"
    }
    guard let right = spelling(of: bytes) else {
      return
        "an origin is such as https://example.org or http://localhost:3000, each named by itself, "
        + "a host of other letters in its form with xn--; '*' stands for all"
    }
    if bytes == right { return nil }
    return "browsers write it as '\(String(decoding: right, as: UTF8.self))': name that"
  }

  private static let defaultPorts = [
    ("http", "80"), ("https", "443"), ("ws", "80"), ("wss", "443"),
  ]

  /// The origin that is meant; nil where that cannot be told.
  private static func spelling(of text: [UInt8]) -> [UInt8]? {
    let bytes = text.filter { $0 != UInt8(ascii: " ") }.map(small)
    var scheme = Array("https".utf8)
    var rest = bytes[...]
    if let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8)
    {
      scheme = Array(bytes[..<colon])
      rest = bytes[(colon + 3)...]
    } else {
      rest = bytes.drop { $0 == UInt8(ascii: "/") }
    }
    let end = rest.firstIndex { "/?#\\".utf8.contains($0) } ?? rest.endIndex
    let authority = rest[..<end]
    let isBracketed = authority.first == UInt8(ascii: "[")
    let hostEnd =
      isBracketed
      ? authority.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 }
      : authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
    guard let hostEnd else { return nil }
    let host = authority[..<hostEnd]
    let port = authority[hostEnd...]
    guard isScheme(scheme), isHost(host, isBracketed: isBracketed) else { return nil }
    let origin = scheme + Array("://".utf8) + host
    guard let colon = port.first else { return origin }
    let digits = port[(port.startIndex + 1)...]
    guard colon == UInt8(ascii: ":"), let number = UInt16(String(decoding: digits, as: UTF8.self)),
      number > 0, digits.allSatisfy(isDigit)
    else { return nil }
    let isDefault = defaultPorts.contains {
      scheme.elementsEqual($0.0.utf8) && "\(number)".utf8.elementsEqual($0.1.utf8)
    }
    return isDefault ? origin : origin + Array(":\(number)".utf8)
  }

  private static func small(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  private static func isScheme(_ bytes: [UInt8]) -> Bool {
    guard let first = bytes.first, isLetter(first) else { return false }
    return bytes.allSatisfy { isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) }
  }

  private static func isHost(_ bytes: ArraySlice<UInt8>, isBracketed: Bool) -> Bool {
    let signs = isBracketed ? "[:.]" : "-._"
    return !bytes.isEmpty
      && bytes.allSatisfy { isLetter($0) || isDigit($0) || signs.utf8.contains($0) }
  }
}
