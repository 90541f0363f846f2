/// Blocks that a stream has shown and that others will show as well, byte for byte: comparing a
/// block with what is expected next costs a tenth of reading it.
struct BlockMemory {
  private static let slotCount = 4096
  private static let slotByteCount = 256

  private struct Slot {
    var key = UInt64.max
    var byteCount = 0
    var nanoseconds: Int64 = 0
  }

  private var slots = [Slot](repeating: Slot(), count: slotCount)
  private var bytes = [UInt8](repeating: 0, count: slotCount * slotByteCount)

  /// Length and due time of the block at `start` where it is the remembered one of the event `key`.
  @inline(__always)
  func recall(
    _ key: UInt64, _ text: Span<UInt8>, at start: Int
  ) -> (byteCount: Int, nanoseconds: Int64)? {
    let index = Int(truncatingIfNeeded: key) & (Self.slotCount - 1)
    let slot = slots[index]
    guard slot.key == key, start + slot.byteCount <= text.count else { return nil }
    let isSame = Platform.isEqual(
      text, at: start, bytes, at: index * Self.slotByteCount, byteCount: slot.byteCount)
    return isSame ? (slot.byteCount, slot.nanoseconds) : nil
  }

  /// Keeps the block in `range` of the event `key`, unless it is a long one.
  mutating func keep(_ key: UInt64, _ text: Span<UInt8>, _ range: Range<Int>, nanoseconds: Int64) {
    guard range.count <= Self.slotByteCount else { return }
    let index = Int(truncatingIfNeeded: key) & (Self.slotCount - 1)
    if slots[index].key == key { return }
    slots[index] = Slot(key: key, byteCount: range.count, nanoseconds: nanoseconds)
    let start = index * Self.slotByteCount
    for offset in 0..<range.count { bytes[start + offset] = text[range.lowerBound + offset] }
  }
}
