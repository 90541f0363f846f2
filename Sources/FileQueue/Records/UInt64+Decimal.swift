extension UInt64 {
  /// The number that `digits` make, which are decimal digits and nothing else; nil for others, none at
  /// all, or more than 64 bits have room for.
  init?(decimal digits: some Collection<UInt8>) {
    guard !digits.isEmpty else { return nil }
    self = 0
    for byte in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (tens, isOver) = multipliedReportingOverflow(by: 10)
      let (sum, isOverToo) = tens.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      if isOver || isOverToo { return nil }
      self = sum
    }
  }
}
