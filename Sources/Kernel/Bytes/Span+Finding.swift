import Glibc

/// Looking through bytes many at a time.
extension Span where Element == UInt8 {
  /// Where the next byte of this value is, from `start` on; nil where there is none (memchr(3)).
  public func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    precondition(start >= 0 && start <= count)
    return unsafe withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress,
        let found = unsafe memchr(base + start, CInt(byte), bytes.count - start)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
  }

  /// What the bytes are, as what stands between the quotes of a JSON string (RFC 8259, section 7).
  public enum Plainness: Hashable, Sendable {
    /// ASCII that stands for itself.
    case ascii
    /// The same with bytes beyond ASCII, which may be UTF-8 or not.
    case beyondASCII
    /// A quote, a backslash or a control character is among them.
    case escaped
  }

  /// Looks at all bytes, eight at a time.
  public var plainness: Plainness {
    var beyond: UInt64 = 0
    var index = 0
    while index + 8 <= count {
      let word = littleEndian64(at: index)
      if Self.hasEscaped(word) { return .escaped }
      beyond |= word
      index += 8
    }
    if index < count {
      // Filled up with spaces, which stand for themselves.
      var word: UInt64 = 0x2020_2020_2020_2020
      for position in index..<count {
        word = word << 8 | UInt64(self[position])
      }
      if Self.hasEscaped(word) { return .escaped }
      beyond |= word
    }
    return beyond & 0x8080_8080_8080_8080 == 0 ? .ascii : .beyondASCII
  }

  /// Whether one of eight bytes is below a space, a quote or a backslash: a byte less one borrows from its
  /// highest bit only where it was 0 (Hacker's Delight, section 6-1).
  @inline(__always)
  private static func hasEscaped(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
    let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
    let low = (word &- ones &* 0x20) & ~word
    let found = ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | low
    return found & (ones &* 0x80) != 0
  }
}
