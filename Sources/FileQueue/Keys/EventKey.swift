/// What a publisher names an event by, so that a second publish of it is known and not queued again:
/// any UTF-8 text of 1 to 255 bytes without control characters.
public struct EventKey: Hashable, Sendable {
  /// As the publisher wrote it.
  public let text: String
  /// As it stands in a record's head: the scope, a slash, and the key, encoded as topics are.
  let encoded: [UInt8]
  /// Whether it is known for as long as it is remembered at all, not only for the window.
  let isLasting: Bool

  /// Checks a publisher's key.
  ///
  /// - Parameter scope: whose key it is, without a dot at its begin: the same text in two scopes is two keys.
  ///   Empty: everybody's.
  /// - Throws: `QueueError.invalidField`.
  public init(_ text: String, scope: String = "") throws(QueueError) {
    let rule = "a text of 1 to \(QueueLimits.keyByteCountMaximum) bytes without control characters"
    let count = text.utf8.count
    guard count > 0 else { throw .invalidField(name: "key", value: "empty", rule: rule) }
    guard count <= QueueLimits.keyByteCountMaximum else {
      throw .invalidField(name: "key", value: "\(count) bytes long", rule: rule)
    }
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw .invalidField(name: "key", value: "a text with a control character", rule: rule)
    }
    self.init(scope: scope, text, isLasting: false)
  }

  /// The key of a delayed event, by which it is published once.
  init(ofDelayed id: String) {
    // No publisher's scope begins with a dot.
    self.init(scope: ".delayed", id, isLasting: true)
  }

  /// Reads a publisher's key from the head of a delayed event; nil where it is none.
  init?(encoded: Span<UInt8>, isLasting: Bool) {
    var slash = 0
    while slash < encoded.count, encoded[slash] != UInt8(ascii: "/") { slash += 1 }
    guard slash < encoded.count,
      let bytes = Topic.decode(encoded.extracting((slash + 1)...)),
      let text = String(validating: bytes, as: UTF8.self)
    else { return nil }
    self.text = text
    self.encoded = encoded.indices.map { encoded[$0] }
    self.isLasting = isLasting
  }

  private init(scope: String, _ text: String, isLasting: Bool) {
    self.text = text
    encoded = Self.encode(scope: scope) + [UInt8(ascii: "/")] + Topic.encode(text.utf8)
    self.isLasting = isLasting
  }

  /// The first slash ends the scope.
  private static func encode(scope: String) -> [UInt8] {
    Topic.encode(scope.utf8).flatMap { byte in
      byte == UInt8(ascii: "/") ? Array("%2F".utf8) : [byte]
    }
  }
}
