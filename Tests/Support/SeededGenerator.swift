import Glibc

/// Random numbers that can be had again: SplitMix64 from the run's seed.
///
/// The seed is printed; `WEIR_SEED=N swift test` replays it. Each test makes a generator of its own,
/// so that the order of the tests does not matter.
public struct SeededGenerator: RandomNumberGenerator {
  /// The run's seed.
  public static let seed: UInt64 = {
    // The one unsafe call of the tests: nothing else gives the environment without Foundation.
    let text = unsafe getenv("WEIR_SEED").map { unsafe String(cString: $0) }
    guard let seed = text.map({ UInt64($0) }) ?? UInt64.random(in: .min ... .max) else {
      fatalError("WEIR_SEED is '\(text ?? "")'; it must be a number from 0 to \(UInt64.max)")
    }
    print("WEIR_SEED=\(seed)")
    return seed
  }()

  private var state = Self.seed

  /// A generator that begins with the run's seed.
  public init() {}

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// `range` many of `parts`, joined.
  public mutating func text(of parts: [String], _ range: ClosedRange<Int>) -> String {
    let count = Int.random(in: range, using: &self)
    return (0..<count).map { _ in parts.randomElement(using: &self) ?? "" }.joined()
  }

  /// `bytes` cut at random places into pieces of 0 to 20 bytes.
  public mutating func pieces(of bytes: [UInt8]) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
      let end = min(start + Int.random(in: 0...20, using: &self), bytes.count)
      pieces.append(Array(bytes[start..<end]))
      start = end
    }
    return pieces
  }
}
