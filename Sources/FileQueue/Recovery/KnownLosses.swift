import Kernel

/// Events that were lost to damage, as a repair has noted them: lines of first and last sequence in
/// the file `quarantine/losses`.
struct KnownLosses {
  private static let name = "losses"
  /// The notes' path from the queue's directory.
  static let path = "\(folder)/\(name)"
  /// The quarantine, from there.
  static let folder = "quarantine"
  private var ranges: [ClosedRange<UInt64>] = []

  /// Reads the notes; none where there are none.
  init(_ directory: QueueDirectory) throws(QueueError) {
    do {
      let file = try Descriptor.open(directory.quarantinePath.appending(Self.name), .readOnly)
      var bytes = [UInt8](repeating: 0, count: try file.status().byteCount)
      var span = bytes.mutableSpan
      _ = try file.read(at: 0, into: &span)
      for line in bytes.split(separator: UInt8(ascii: "\n")) {
        let numbers = line.split(separator: UInt8(ascii: " ")).compactMap { UInt64(decimal: $0) }
        if numbers.count == 2, numbers[0] <= numbers[1] { ranges.append(numbers[0]...numbers[1]) }
      }
    } catch {
      if error.errno != .noSuchFileOrDirectory { throw .system(error) }
    }
  }

  /// Whether all of `missing` are known to be lost.
  func covers(_ missing: Range<UInt64>) -> Bool {
    ranges.contains {
      $0.lowerBound <= missing.lowerBound && missing.upperBound - 1 <= $0.upperBound
    }
  }

  /// Notes losses, on disk.
  mutating func add(
    _ losses: [Range<UInt64>], in directory: QueueDirectory
  ) throws(SystemCallError) {
    ranges.append(contentsOf: losses.map { $0.lowerBound...($0.upperBound - 1) })
    if try directory.makeFolder(directory.quarantinePath) {
      try directory.synchronize()
    }
    let text = ranges.map { "\($0.lowerBound) \($0.upperBound)\n" }.joined()
    try directory.replace(
      directory.quarantinePath.appending(Self.name), with: Array(text.utf8).span)
  }

  /// Whether a file in the quarantine is the notes.
  static func isNotes(_ name: String) -> Bool { name.hasSameBytes(as: Self.name) }
}
