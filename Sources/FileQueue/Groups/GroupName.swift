/// What a group of subscribers is called: 1 to 64 letters, digits, dots, hyphens and underscores; not `.` or `..`,
/// which no address leads to.
public struct GroupName: Hashable, Sendable, CustomStringConvertible {
  /// The name.
  public let text: String

  /// What a name is.
  static let rule =
    "1 to \(GroupLimits.nameByteCountMaximum) letters, digits, '.', '-' and '_', but not '.' or '..'"
  private static let ending = Array(".group".utf8)

  /// Checks `text`.
  ///
  /// - Throws: `QueueError.invalidField`.
  public init(_ text: String) throws(QueueError) {
    let bytes = text.utf8
    guard (1...GroupLimits.nameByteCountMaximum).contains(bytes.count),
      bytes.allSatisfy(Self.isSafe), ![".", ".."].contains(text)
    else {
      let shown = String(decoding: bytes.prefix(GroupLimits.nameByteCountMaximum), as: UTF8.self)
      throw .invalidField(name: "group", value: "'\(shown)'", rule: Self.rule)
    }
    self.text = text
  }

  /// The name that a file is kept under; nil for a file that is no group's.
  init?(file: String) {
    let bytes = Array(file.utf8)
    guard bytes.suffix(Self.ending.count) == Self.ending[...],
      let name = try? GroupName(
        String(decoding: bytes.dropLast(Self.ending.count), as: UTF8.self))
    else { return nil }
    self = name
  }

  /// The file that it is kept in.
  ///
  /// All have the ending, so what a file is called while it is written is never another group's.
  package var file: String { text + String(decoding: Self.ending, as: UTF8.self) }

  /// The name.
  public var description: String { text }

  private static func isSafe(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
