/// The names of a segment's files: the first sequence in it, as 20 digits, so that a listing sorts.
public struct SegmentName: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The sequence of the segment's first event.
  public let first: UInt64

  init(first: UInt64) {
    self.first = first
  }

  /// Reads the name of a text file, `00000000000000000001.sse`; nil for any other file.
  init?(textFile name: String) {
    guard name.hasSuffix(".sse"), name.utf8.count == 24, let first = UInt64(name.dropLast(4)),
      first > 0
    else { return nil }
    self.first = first
    guard textFile == name else { return nil }
  }

  /// The file with the events.
  var textFile: String { "\(digits).sse" }
  /// The file with the index entries.
  var indexFile: String { "\(digits).idx" }

  private var digits: String {
    let number = "\(first)"
    return String(repeating: "0", count: 20 - number.utf8.count) + number
  }

  /// The name of the text file.
  public var description: String { textFile }

  /// Older segments come first.
  public static func < (one: SegmentName, other: SegmentName) -> Bool {
    one.first < other.first
  }
}
