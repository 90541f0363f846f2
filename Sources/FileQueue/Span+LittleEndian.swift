/// Numbers in derived files, lowest byte first.
extension Span where Element == UInt8 {
  @inline(__always)
  func littleEndian32(at start: Int) -> UInt32 {
    var value: UInt32 = 0
    for byte in 0..<4 { value |= UInt32(self[start + byte]) << UInt32(byte * 8) }
    return value
  }

  @inline(__always)
  func littleEndian64(at start: Int) -> UInt64 {
    UInt64(littleEndian32(at: start)) | UInt64(littleEndian32(at: start + 4)) << 32
  }
}

extension Array where Element == UInt8 {
  mutating func append(littleEndian value: UInt64) {
    append(addingCapacity: 8) { (output: inout OutputSpan<UInt8>) in
      for byte in 0..<8 { output.append(UInt8(truncatingIfNeeded: value >> UInt64(byte * 8))) }
    }
  }

  mutating func append(littleEndian value: UInt32) {
    append(addingCapacity: 4) { (output: inout OutputSpan<UInt8>) in
      for byte in 0..<4 { output.append(UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))) }
    }
  }
}
