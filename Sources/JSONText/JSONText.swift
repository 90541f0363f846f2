/// Checks whether bytes are one JSON text (RFC 8259) in UTF-8, and says what lies in it.
///
/// Decoders say little of what is wrong, nothing of where, take more than JSON, and read numbers as what a
/// machine has for them.
///
/// A pure function for any thread; its time is in proportion to the bytes.
public enum JSONText {
  /// How deep values may lie in one another.
  public static let depthMaximum = 64

  /// Checks that `bytes` are one JSON text, in which no object names a member twice.
  ///
  /// - Throws: what is not so, and where, for the first such place.
  public static func check(_ bytes: [UInt8]) throws(JSONFault) {
    try refuseOtherEncodings(bytes)
    var scanner = JSONScanner(bytes)
    _ = try scanner.scan()
  }

  /// The members of the object that `bytes` are, in their order; nil where they are another value.
  ///
  /// - Throws: what ``check(_:)`` throws.
  public static func members(of bytes: [UInt8]) throws(JSONFault) -> [JSONMember]? {
    try refuseOtherEncodings(bytes)
    var scanner = JSONScanner(bytes)
    return try scanner.scan().kind == .object ? scanner.members : nil
  }

  private static let compressions: [(beginning: [UInt8], name: String)] = [
    ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0x42, 0x5A, 0x68], "bzip2"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"),
  ]

  private static func refuseOtherEncodings(_ bytes: [UInt8]) throws(JSONFault) {
    for compression in compressions where bytes.starts(with: compression.beginning) {
      throw JSONFault(.compressed(compression.name), at: 0, in: bytes)
    }
    let pair = bytes.prefix(2)
    if pair.elementsEqual([0xFF, 0xFE]) || pair.elementsEqual([0xFE, 0xFF])
      || (pair.count == 2 && (pair[0] == 0) != (pair[1] == 0))
    {
      throw JSONFault(.otherUnicode, at: 0, in: bytes)
    }
    if bytes.starts(with: "\u{FEFF}".utf8) { throw JSONFault(.byteOrderMark, at: 0, in: bytes) }
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw JSONFault(.invalidUTF8, at: error.byteOffsets.lowerBound, in: bytes)
    }
  }
}
