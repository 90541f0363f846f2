/// Which start of the machine this is: random, made by the kernel (random(4)).
public struct BootID: Hashable, Sendable {
  /// The first half of its digits.
  public let high: UInt64
  /// The other half.
  public let low: UInt64

  /// An id of its halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// That of the running machine; zeros where the kernel does not tell.
  public static let current: BootID = {
    var bytes = [UInt8](repeating: 0, count: 64)
    var span = bytes.mutableSpan
    let count =
      (try? Descriptor.open("/proc/sys/kernel/random/boot_id", .readOnly).read(at: 0, into: &span))
      ?? 0
    let digits = bytes[..<count].filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "\n") }
    guard digits.count == 32,
      let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
      let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
    else { return BootID(high: 0, low: 0) }
    return BootID(high: high, low: low)
  }()
}
