/// What a grant allows: a topic, or a pattern with `*` for one part between dots and `>` at its end for one
/// or more, as subscribers write them.
public struct AccessPattern: Hashable, Sendable, CustomStringConvertible {
  enum Part: Hashable {
    case literal([UInt8])
    case one
    case rest

    fileprivate init(_ bytes: some Collection<UInt8>) {
      if bytes.elementsEqual("*".utf8) {
        self = .one
      } else if bytes.elementsEqual(">".utf8) {
        self = .rest
      } else {
        self = .literal(Array(bytes))
      }
    }
  }

  /// As people write it.
  public let description: String
  private let parts: [Part]

  /// A pattern; nil where no topic could be like it.
  public init?(_ text: String) {
    let bytes = text.utf8
    guard (1...AccessLimits.patternByteCountMaximum).contains(bytes.count),
      !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { return nil }
    let parts = Self.parts(of: text)
    guard !parts.dropLast().contains(.rest) else { return nil }
    description = text
    self.parts = parts
  }

  /// Whether everything that a topic or a pattern of a subscriber takes is taken by this one too.
  public func covers(_ text: String) -> Bool { covers(Self.parts(of: text)) }

  /// The same for a text that is held against several, taken apart once.
  func covers(_ asked: [Part]) -> Bool {
    for (place, part) in parts.enumerated() {
      guard place < asked.count else { return false }
      switch part {
      case .rest: return true
      case .one where asked[place] == .rest: return false
      case .one: continue
      case .literal where asked[place] != part: return false
      case .literal: continue
      }
    }
    return asked.count == parts.count
  }

  static func parts(of text: String) -> [Part] {
    text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Part($0) }
  }
}
