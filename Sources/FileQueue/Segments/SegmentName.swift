/// The names of a segment's files: the first sequence in it, as 20 digits, so that a listing sorts.
public struct SegmentName: Hashable, Sendable, Comparable, CustomStringConvertible {
  private static let digitCount = 20

  /// The sequence of the segment's first event.
  public let first: UInt64

  init(first: UInt64) {
    self.first = first
  }

  /// The lowest sequence that cannot stand in the segment.
  var limit: UInt64 { first + UInt64(QueueLimits.segmentEventCountMaximum) }

  /// Reads the name of a text file, `00000000000000000001.sse`; nil for any other file.
  init?(textFile name: String) {
    self.init(name, suffix: ".sse")
  }

  /// Reads the name of a file that is derived from a segment's text; nil for any other file.
  init?(derivedFile name: String) {
    for suffix in [".idx", ".topics"] {
      if let segment = SegmentName(name, suffix: suffix) {
        self = segment
        return
      }
    }
    return nil
  }

  /// Reads the name of a file with a segment's keys; nil for any other file.
  init?(keysFile name: String) {
    self.init(name, suffix: ".keys")
  }

  private init?(_ name: String, suffix: String) {
    let bytes = Array(name.utf8)
    guard bytes.count > Self.digitCount, bytes[Self.digitCount...].elementsEqual(suffix.utf8),
      let first = UInt64(decimal: bytes[..<Self.digitCount]), first > 0,
      first <= QueueLimits.sequenceMaximum
    else { return nil }
    self.first = first
  }

  /// The file with the events.
  var textFile: String { "\(digits).sse" }
  /// The file with the index entries.
  var indexFile: String { "\(digits).idx" }
  /// The file that tells which events of the segment belong to which topic.
  var topicsFile: String { "\(digits).topics" }

  /// The file that tells which events of the segment have which keys.
  var keysFile: String { "\(digits).keys" }

  private var digits: String {
    let number = "\(first)"
    return String(repeating: "0", count: Self.digitCount - number.utf8.count) + number
  }

  /// The name of the text file.
  public var description: String { textFile }

  /// Older segments come first.
  public static func < (one: SegmentName, other: SegmentName) -> Bool {
    one.first < other.first
  }
}
