/// A number as eight small hexadecimal digits, held as the word that they make in memory, so that
/// they are compared at once.
struct HexadecimalDigits: Hashable, Sendable, CustomStringConvertible {
  static let byteCount = 8

  /// The digits' bytes, the first one lowest.
  let word: UInt64

  init(_ number: UInt32) {
    // Each half of the bits moves up into its own place until every digit has a byte.
    var nibbles = UInt64(number)
    nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
    nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
    nibbles = (nibbles | nibbles << 4) & 0x0F0F_0F0F_0F0F_0F0F
    let letters = ((nibbles + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
    let fromNineToA = UInt64(UInt8(ascii: "a") - UInt8(ascii: "0") - 10)
    word = (nibbles + 0x3030_3030_3030_3030 + letters * fromNineToA).byteSwapped
  }

  /// The digits as text.
  var description: String {
    String(
      decoding: (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }, as: UTF8.self)
  }
}
