import Kernel

/// Reads entries one behind the other out of the file `delayed`, and passes over what is none.
struct DelayedScan {
  /// Bytes that are no entry.
  private(set) var damages: [Range<Int>] = []
  private var chunk: [UInt8] = []
  /// Where the chunk lies in the file.
  private var chunkStart = 0

  /// Reads a part of the file that begins with an entry or behind one.
  ///
  /// - Parameter visit: gets each entry, where it lies in the file, and the bytes in which its layout lies.
  mutating func read(
    _ file: borrowing Descriptor, _ part: Range<Int>,
    _ visit: (DelayedEntry, Range<Int>, Span<UInt8>) throws(SystemCallError) -> Void
  ) throws(SystemCallError) {
    var position = part.lowerBound
    var damageStart: Int?
    var needed = 0
    while position < part.upperBound {
      let wanted = max(needed, 1)
      if position < chunkStart || position + wanted > chunkStart + chunk.count {
        try load(file, position..<part.upperBound, byteCountMinimum: wanted)
      }
      switch DelayedEntry.parse(chunk.span, at: position - chunkStart) {
      case .entry(let entry, let byteCount):
        if let start = damageStart.take() { damages.append(start..<position) }
        try visit(entry, position..<(position + byteCount), chunk.span)
        position += byteCount
        needed = 0
      case .cutOff(let count) where position + count <= part.upperBound && count > needed:
        needed = count
      case .cutOff, .damaged:
        damageStart = damageStart ?? position
        position = nextLine(behind: position)
        needed = 0
      }
    }
    if let damageStart { damages.append(damageStart..<part.upperBound) }
    chunk = []
  }

  /// Where the next line begins, or the chunk ends.
  private func nextLine(behind position: Int) -> Int {
    var index = position - chunkStart
    while index < chunk.count {
      index += 1
      if chunk[index - 1] == UInt8(ascii: "\n") { break }
    }
    return chunkStart + index
  }

  private mutating func load(
    _ file: borrowing Descriptor, _ part: Range<Int>, byteCountMinimum: Int
  ) throws(SystemCallError) {
    let count = min(part.count, max(byteCountMinimum, QueueLimits.copyChunkByteCount))
    chunk = [UInt8](repeating: 0, count: count)
    chunkStart = part.lowerBound
    var span = chunk.mutableSpan
    let loaded = try file.read(at: part.lowerBound, into: &span)
    guard loaded == count else {
      throw SystemCallError(call: "pread", errno: .noData, subject: "delayed")
    }
  }
}
