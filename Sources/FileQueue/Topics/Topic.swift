/// The label on an event by which subscribers choose: any UTF-8 text of 1 to 255 bytes without
/// control characters, of which no part between dots is `*` or `>`.
///
/// It is kept as it stands in a record's head, where a space and a percent sign are written as
/// `%20` and `%25`. Two topics are the same if their bytes are.
public struct Topic: Hashable, Sendable, CustomStringConvertible {
  /// The topic of an event for which none is named.
  public static let `default` = Topic(trusted: "default")

  /// The topic as people write it.
  public let text: String
  /// The topic as it stands in a record's head.
  public let encoded: [UInt8]

  /// Checks `text`.
  ///
  /// - Throws: `QueueError.invalidTopic`.
  public init(_ text: String) throws(QueueError) {
    try Self.check(text)
    guard !TopicPattern.isWritten(in: text) else {
      throw .invalidTopic(
        reason:
          "'\(text)' is a pattern, which is for subscribers: name a topic without '*' and '>' as parts"
      )
    }
    self.init(trusted: text)
  }

  /// What holds for topics and patterns.
  static func check(_ text: String) throws(QueueError) {
    let count = text.utf8.count
    guard count > 0 else {
      throw .invalidTopic(reason: "is empty: name one, or leave it out for the topic 'default'")
    }
    guard count <= QueueLimits.topicByteCountMaximum else {
      throw .invalidTopic(
        reason: "has \(count) bytes; the limit is \(QueueLimits.topicByteCountMaximum): shorten it")
    }
    var offset = 0
    for scalar in text.unicodeScalars {
      // The table of categories takes longer than all else, and topics are ASCII mostly.
      let isControl =
        scalar.isASCII
        ? scalar.value < 0x20 || scalar.value == 0x7F
        : scalar.properties.generalCategory == .control
      guard !isControl else {
        throw .invalidTopic(reason: "has a control character at byte \(offset): remove it")
      }
      offset += UTF8.width(scalar)
    }
  }

  /// Whether both are the same bytes; texts that Unicode takes for the same are two topics.
  public static func == (one: Topic, other: Topic) -> Bool {
    one.encoded == other.encoded
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(encoded)
  }

  /// Reads a topic from a record's head; nil where that is no topic.
  public init?(encoded: Span<UInt8>) {
    guard let bytes = Self.decode(encoded),
      let text = String(validating: bytes, as: UTF8.self), let topic = try? Topic(text)
    else { return nil }
    self = topic
  }

  /// What ``encode(_:)`` was given; nil where that cannot be.
  public static func decode(_ encoded: Span<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(encoded.count)
    var index = 0
    while index < encoded.count {
      guard encoded[index] == UInt8(ascii: "%") else {
        bytes.append(encoded[index])
        index += 1
        continue
      }
      guard index + 2 < encoded.count, let high = encoded[index + 1].hexadecimalValue,
        let low = encoded[index + 2].hexadecimalValue
      else { return nil }
      bytes.append(high << 4 | low)
      index += 3
    }
    return bytes
  }

  private init(trusted text: String) {
    self.text = text
    encoded = Self.encode(text.utf8)
  }

  /// A topic or a part of one as it stands in a record's head.
  static func encode(_ text: some Collection<UInt8>) -> [UInt8] {
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.count)
    for byte in text {
      switch byte {
      case UInt8(ascii: " "): encoded.append(contentsOf: "%20".utf8)
      case UInt8(ascii: "%"): encoded.append(contentsOf: "%25".utf8)
      default: encoded.append(byte)
      }
    }
    return encoded
  }

  /// The topic as people write it.
  public var description: String { text }

  /// The 64 bits that stand for the topic in an index entry: FNV-1a over the encoded bytes.
  public var hash64: UInt64 { Self.hash64(encoded.span) }

  /// The hash of a topic as it stands in a record's head.
  public static func hash64(_ encoded: Span<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in encoded.indices {
      hash = (hash ^ UInt64(encoded[index])) &* 0x0000_0100_0000_01b3
    }
    return hash
  }
}
