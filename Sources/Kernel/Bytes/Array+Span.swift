extension Array where Element == UInt8 {
  /// Appends the bytes of a span, all in one copy.
  @inline(__always)
  public mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  /// The bytes of a span.
  public init(copying bytes: Span<UInt8>) {
    self = []
    append(bytes)
  }
}
