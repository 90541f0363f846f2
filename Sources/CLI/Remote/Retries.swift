import Kernel

/// When something that failed is tried again: sooner at first, later and later, and never in step with others.
struct Retries {
  /// Before the first.
  static let first: Duration = .milliseconds(500)
  /// Between two, at most, unless the other side asks for more.
  static let longest: Duration = .seconds(30)

  private var count = 0

  /// Begins anew, after something has succeeded.
  mutating func reset() { count = 0 }

  /// How long to wait before the next try: half as much again at most, drawn at random.
  ///
  /// - Parameter asked: what the other side asks for, at least.
  mutating func next(asked: Duration?) -> Duration {
    let pause = min(Self.first * (1 << min(count, 10)), Self.longest)
    count += 1
    return max(pause, asked ?? .zero) * Double.random(in: 1...1.5)
  }
}
