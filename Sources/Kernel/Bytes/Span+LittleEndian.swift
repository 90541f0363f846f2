/// Numbers in bytes, lowest byte first, read and written as a whole.
extension Span where Element == UInt8 {
  /// The number in four bytes.
  @inlinable @inline(__always)
  public func littleEndian32(at start: Int) -> UInt32 {
    precondition(start >= 0 && start <= count - 4)
    return unsafe UInt32(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt32.self))
  }

  /// The number in eight bytes.
  @inlinable @inline(__always)
  public func littleEndian64(at start: Int) -> UInt64 {
    precondition(start >= 0 && start <= count - 8)
    return unsafe UInt64(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt64.self))
  }
}

extension Array where Element == UInt8 {
  /// Appends eight bytes.
  public mutating func append(littleEndian value: UInt64) {
    append(addingCapacity: 8) { (output: inout OutputSpan<UInt8>) in
      output.append(littleEndian: value)
    }
  }

  /// Appends four bytes.
  public mutating func append(littleEndian value: UInt32) {
    append(addingCapacity: 4) { (output: inout OutputSpan<UInt8>) in
      for byte in 0..<4 { output.append(UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))) }
    }
  }
}

extension OutputSpan where Element == UInt8 {
  /// Appends eight bytes.
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(littleEndian value: UInt64) {
    for byte in 0..<8 { append(UInt8(truncatingIfNeeded: value >> UInt64(byte * 8))) }
  }
}
