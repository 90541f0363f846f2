import Kernel

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
  @inline(__always)
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

  /// The number of `count` digits at `start`; nil where one is none.
  @inline(__always)
  func digits(at start: Int, count: Int) -> Int? {
    var value = 0
    for index in start..<start + count {
      let digit = self[index] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value &* 10 &+ Int(digit)
    }
    return value
  }

  /// The number of eight digits at `start`, read as a whole; nil where one is none.
  ///
  /// Neighbours are joined three times: digits to pairs, pairs to fours, fours to the number.
  @inline(__always)
  func eightDigits(at start: Int) -> Int? {
    let text = littleEndian64(at: start)
    let highHalves: UInt64 = 0xF0F0_F0F0_F0F0_F0F0
    let zeros: UInt64 = 0x3030_3030_3030_3030
    guard text & highHalves == zeros, (text &+ 0x0606_0606_0606_0606) & highHalves == zeros else {
      return nil
    }
    let digits = text &- zeros
    let pairs = (digits &* 10 &+ digits >> 8) & 0x00FF_00FF_00FF_00FF
    let fours = (pairs &* 100 &+ pairs >> 16) & 0x0000_FFFF_0000_FFFF
    return Int((fours &* 10_000 &+ fours >> 32) & 0xFFFF_FFFF)
  }

  /// Where the next line feed is in `range`; nil without one.
  ///
  /// Looks at eight bytes at a time.
  @inline(__always)
  func lineFeed(in range: Range<Int>) -> Int? {
    var position = range.lowerBound
    while position + 8 <= range.upperBound {
      let difference = littleEndian64(at: position) ^ 0x0A0A_0A0A_0A0A_0A0A
      let found = (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
      if found != 0 { return position + found.trailingZeroBitCount / 8 }
      position += 8
    }
    while position < range.upperBound {
      if self[position] == UInt8(ascii: "\n") { return position }
      position += 1
    }
    return nil
  }

  /// The sequence of the event id in `range`, `6f2a91c4-42`; nil where there is none.
  @inline(__always)
  func sequence(in range: Range<Int>) -> UInt64? {
    let number = range.lowerBound + 9
    guard number < range.upperBound, self[number - 1] == UInt8(ascii: "-") else { return nil }
    return decimal(in: number..<range.upperBound).map { UInt64($0) }
  }
}
