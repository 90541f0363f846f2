extension Duration {
  /// About how long it is, in the largest unit of which there are two: `14s`, `90m`, `30d`.
  public var inWords: String {
    let units: [(suffix: String, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60)]
    let seconds = (self + .milliseconds(500)).components.seconds
    let unit = units.first { seconds >= 2 * $0.seconds }
    return unit.map { "\((seconds + $0.seconds / 2) / $0.seconds)\($0.suffix)" } ?? "\(seconds)s"
  }

  /// Reads what people write: a whole number and a unit, `15ms`, `30s`, `10m`, `12h` or `7d`; a
  /// number alone is seconds.
  public init?(text: String) {
    let units: [(suffix: String, milliseconds: Int64)] = [
      ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("", 1000),
    ]
    for unit in units where text.hasSuffix(unit.suffix) {
      let digits = text.dropLast(unit.suffix.count)
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        continue
      }
      guard let number = Int64(digits) else { return nil }
      let (milliseconds, isOver) = number.multipliedReportingOverflow(by: unit.milliseconds)
      if isOver { return nil }
      self = .milliseconds(milliseconds)
      return
    }
    return nil
  }
}
