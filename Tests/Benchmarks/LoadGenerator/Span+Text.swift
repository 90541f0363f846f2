/// Text in bytes, as far as headers and event blocks need it.
extension Span<UInt8> {
  /// What follows `name` in `range`, less one space; nil where `range` begins with something else.
  ///
  /// - Parameter name: in lower case; letters of either case are taken for it.
  func rest(of range: Range<Int>, after name: String) -> Range<Int>? {
    let length = name.utf8.count
    guard range.count >= length else { return nil }
    var position = range.lowerBound
    for expected in name.utf8 {
      let byte = self[position]
      let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
      guard (isUpper ? byte | 0x20 : byte) == expected else { return nil }
      position += 1
    }
    if position < range.upperBound, self[position] == UInt8(ascii: " ") { position += 1 }
    return position..<range.upperBound
  }

  /// The decimal number that `range` begins with, of at most 18 digits; nil without a digit.
  func decimal(in range: Range<Int>) -> Int? {
    var value = 0
    var position = range.lowerBound
    while position < range.upperBound, position - range.lowerBound < 18 {
      let digit = self[position] &- UInt8(ascii: "0")
      if digit > 9 { break }
      value = value &* 10 &+ Int(digit)
      position += 1
    }
    return position == range.lowerBound ? nil : value
  }
}

extension Span<UInt8> {
  /// The sequence of the event id in `range`, `6f2a91c4-42`; nil where there is none.
  func sequence(in range: Range<Int>) -> UInt64? {
    let number = range.lowerBound + 9
    guard number < range.upperBound, self[number - 1] == UInt8(ascii: "-") else { return nil }
    return decimal(in: number..<range.upperBound).map { UInt64($0) }
  }
}
