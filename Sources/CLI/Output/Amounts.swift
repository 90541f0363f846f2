/// Amounts as people read them.
enum Amounts {
  /// A number with its thousands set apart: `1,234,567`.
  static func number(_ value: UInt64) -> String {
    let digits = Array("\(value)")
    var text = ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// Bytes in the largest unit of which there is one: `1.5 GiB`.
  static func bytes(_ count: UInt64) -> String {
    var value = Double(count)
    var unit = "bytes"
    for larger in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
      (value, unit) = (value / 1024, larger)
    }
    return unit == "bytes" ? "\(count) bytes" : "\((value * 10).rounded() / 10) \(unit)"
  }

  /// Seconds in the two largest units: `2 d 3 h`.
  static func duration(_ seconds: Int) -> String {
    let parts = [
      (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"),
      (seconds % 60, "s"),
    ].drop { $0.0 == 0 }
    return parts.isEmpty ? "0 s" : parts.prefix(2).map { "\($0.0) \($0.1)" }.joined(separator: " ")
  }

  /// How many events, in words.
  static func events(_ count: Int) -> String {
    count == 1 ? "1 event" : "\(number(UInt64(count))) events"
  }
}
