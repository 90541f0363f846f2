/// A number in decimal digits, rendered once and written several times.
struct DecimalDigits {
  private static let countMaximum = 20

  private var digits = InlineArray<20, UInt8>(repeating: 0)
  private var first = countMaximum

  init(_ value: UInt64) {
    var rest = value
    repeat {
      first -= 1
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
      rest = quotient
    } while rest > 0
  }

  /// How many digits the number has.
  var count: Int { Self.countMaximum - first }

  /// Appends the digits; there is room for 20.
  @inline(__always)
  func append(to output: inout OutputSpan<UInt8>) {
    for index in first..<Self.countMaximum { output.append(digits[index]) }
  }
}
