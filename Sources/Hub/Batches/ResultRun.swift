import FileQueue
import Kernel

/// Events of a batch in a row: of lines and with sequences that follow one another.
struct ResultRun {
  /// The first event's line.
  var line: Int
  /// The first event's sequence.
  var sequence: UInt64
  var count: UInt64
  let isReplayed: Bool

  /// What an entry of a refused line begins with in a ``ResultLog``, instead of a run.
  static let refusedTag: UInt8 = 3
  private static let acceptedTag: UInt8 = 1
  private static let replayedTag: UInt8 = 2
  /// An entry's bytes behind its tag.
  static let byteCount = 24

  init(line: Int, sequence: UInt64, count: UInt64, isReplayed: Bool) {
    self.line = line
    self.sequence = sequence
    self.count = count
    self.isReplayed = isReplayed
  }

  /// Reads an entry, whose tag was taken off.
  init(_ bytes: Span<UInt8>, tag: UInt8) {
    line = Int(bytes.littleEndian64(at: 0))
    sequence = bytes.littleEndian64(at: 8)
    count = bytes.littleEndian64(at: 16)
    isReplayed = tag == Self.replayedTag
  }

  /// Appends the entry.
  func append(to bytes: inout [UInt8]) {
    bytes.append(isReplayed ? Self.replayedTag : Self.acceptedTag)
    bytes.append(littleEndian: UInt64(line))
    bytes.append(littleEndian: sequence)
    bytes.append(littleEndian: count)
  }

  /// Whether an event is the next one.
  func isFollowed(by line: Int, _ appended: Appended) -> Bool {
    line == self.line + Int(count) && appended.sequence == sequence + count
      && appended.isReplayed == isReplayed
  }

  /// Takes the first event off.
  mutating func passFirst() {
    line += 1
    sequence += 1
    count -= 1
  }
}
