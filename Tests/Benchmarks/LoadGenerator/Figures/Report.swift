/// The figures of a measurement, in the order they are shown in.
struct Report {
  private struct Figure {
    let key: String
    let label: String
    let shown: String
    let raw: String
  }

  private var figures: [Figure] = []

  /// Adds a count, with its unit in words.
  mutating func add(
    _ key: String, _ label: String, _ count: some BinaryInteger, _ unit: String = ""
  ) {
    figures.append(
      Figure(key: key, label: label, shown: joined("\(count)", unit), raw: "\(count)"))
  }

  /// Adds a number, shown with `digits` digits after the point.
  mutating func add(
    _ key: String, _ label: String, _ number: Double, _ unit: String, digits: Int = 1
  ) {
    let text = Self.decimal(number, digits: digits)
    figures.append(Figure(key: key, label: label, shown: joined(text, unit), raw: text))
  }

  /// Adds a text, which has no characters that JSON escapes.
  mutating func add(_ key: String, _ label: String, text: String) {
    figures.append(Figure(key: key, label: label, shown: text, raw: "\"\(text)\""))
  }

  /// Adds p50, p90, p99, p99.9 and the maximum of durations, in milliseconds.
  mutating func add(_ key: String, _ label: String, _ histogram: Histogram) {
    let shares = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99_9", 0.999), ("max", 1)]
    for (name, share) in shares {
      let milliseconds = Double(histogram.quantile(share)) / 1e6
      let shownName = name.split(separator: "_").joined(separator: ".")
      add("\(key)_\(name)_ms", "\(label) \(shownName)", milliseconds, "ms", digits: 3)
    }
  }

  /// For people: a figure a line.
  var text: String {
    let width = figures.map(\.label.count).max() ?? 0
    return figures.map { figure in
      let padding = String(repeating: " ", count: width - figure.label.count)
      return "\(figure.label)\(padding)  \(figure.shown)\n"
    }.joined()
  }

  /// For programs: one flat object, a figure a line.
  var json: String {
    let lines = figures.map { "  \"\($0.key)\": \($0.raw)" }
    return "{\n\(lines.joined(separator: ",\n"))\n}\n"
  }

  private func joined(_ value: String, _ unit: String) -> String {
    unit.isEmpty ? value : "\(value) \(unit)"
  }

  private static func decimal(_ number: Double, digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((number * Double(scale)).rounded())
    let fraction = "\(scaled.magnitude % UInt(scale))"
    let sign = scaled < 0 ? "-" : ""
    let zeros = String(repeating: "0", count: max(0, digits - fraction.count))
    let whole = "\(sign)\(scaled.magnitude / UInt(scale))"
    return digits == 0 ? whole : "\(whole).\(zeros)\(fraction)"
  }
}
