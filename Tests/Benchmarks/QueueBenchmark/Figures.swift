import Kernel

/// Durations in nanoseconds, and what is told of them.
struct Figures {
  private var values: [Int64] = []

  mutating func add(_ value: Int64) {
    values.append(value)
  }

  /// The value that `share` of all are not above; 0 without any.
  func quantile(_ share: Double) -> Int64 {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
  }
}

/// Prints a line of JSON.
func printFigures(_ figures: KeyValuePairs<String, Double>) throws {
  let fields = figures.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
  try StandardStream.output.writeAll(Array("{\(fields)}\n".utf8).span)
}

/// Seconds since a moment of the monotonic clock.
func seconds(since start: Int64) -> Double {
  Double(Clock.monotonicNanoseconds() - start) / 1e9
}
