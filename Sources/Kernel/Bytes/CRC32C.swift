import CLinux

/// The checksum CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4).
public struct CRC32C: Hashable, Sendable {
  private var state: UInt32 = 0xFFFF_FFFF
  private static let isInHardware = weir_has_crc32c() != 0

  /// The checksum of nothing so far.
  public init() {}

  /// The checksum of all bytes so far.
  public var value: UInt32 { ~state }

  /// The checksum of all of `bytes`.
  public static func of(_ bytes: Span<UInt8>) -> UInt32 {
    var checksum = CRC32C()
    checksum.update(bytes)
    return checksum.value
  }

  /// Takes in further bytes.
  public mutating func update(_ bytes: Span<UInt8>) {
    if Self.isInHardware {
      let state = state
      self.state = unsafe bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return state }
        return unsafe weir_crc32c(
          state, base, buffer.count)
      }
    } else {
      updateByTable(bytes)
    }
  }

  /// The way without the instruction; also what the tests hold the instruction against.
  mutating func updateByTable(_ bytes: Span<UInt8>) {
    for index in 0..<bytes.count {
      let byte = bytes[index]
      state = Self.table[Int((state ^ UInt32(byte)) & 0xFF)] ^ (state >> 8)
    }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1
    }
  }
}
