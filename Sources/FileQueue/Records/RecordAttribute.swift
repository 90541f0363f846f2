import Kernel

/// The attributes of a head that this version knows, as they stand there: a space, the name, `=`.
enum RecordAttribute {
  /// When the event stops being delivered, in milliseconds since 1970.
  static let expires = Array(" expires=".utf8)
  /// A further topic; there may be several.
  static let also = Array(" also=".utf8)
  /// The key by which a second publish of the event is known.
  static let key = Array(" key=".utf8)
  /// Present where the event is the last one of its topics.
  static let end = Array(" end=1".utf8)
}

/// What the attributes of a record say; all of it is free for a record without any.
extension RecordLayout {
  /// Calls `body` for each topic of the event, the first one first, as it stands in the head.
  ///
  /// - Parameter bytes: those in which the layout's places lie.
  @inline(__always)
  public func forEachTopic(in bytes: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
    body(bytes.extracting(topic))
    if attributes.isEmpty { return }
    forEachFurtherTopic(in: bytes) { body(bytes.extracting($0)) }
  }

  /// Whether the event has more than one topic.
  public func hasSeveralTopics(in bytes: Span<UInt8>) -> Bool {
    var isFound = false
    forEachFurtherTopic(in: bytes) { _ in isFound = true }
    return isFound
  }

  /// Whether the event is the last one of its topics.
  public func isEnd(in bytes: Span<UInt8>) -> Bool {
    var isFound = false
    forEachAttribute(in: bytes) { place in
      if bytes.extracting(place).hasSameBytes(as: RecordAttribute.end.span) { isFound = true }
    }
    return isFound
  }

  /// Where the event's key stands, encoded; nil where it has none.
  func key(in bytes: Span<UInt8>) -> Range<Int>? {
    var key: Range<Int>?
    forEachValue(of: RecordAttribute.key, in: bytes) { key = key ?? $0 }
    return key
  }

  /// Where the topics behind the first one stand.
  func forEachFurtherTopic(in bytes: Span<UInt8>, _ body: (Range<Int>) -> Void) {
    forEachValue(of: RecordAttribute.also, in: bytes, body)
  }

  /// The hash of the event's topic in an index entry.
  func indexHash(in bytes: Span<UInt8>) -> UInt64 {
    hasSeveralTopics(in: bytes)
      ? IndexEntry.severalTopics : Topic.hash64(bytes.extracting(topic))
  }

  private func forEachValue(
    of name: [UInt8], in bytes: Span<UInt8>, _ body: (Range<Int>) -> Void
  ) {
    forEachAttribute(in: bytes) { place in
      guard place.count > name.count else { return }
      let value = (place.lowerBound + name.count)..<place.upperBound
      if bytes.extracting(place.lowerBound..<value.lowerBound).hasSameBytes(as: name.span) {
        body(value)
      }
    }
  }

  /// Each attribute with the space before it.
  private func forEachAttribute(in bytes: Span<UInt8>, _ body: (Range<Int>) -> Void) {
    var start = attributes.lowerBound
    while start < attributes.upperBound {
      var end = start + 1
      while end < attributes.upperBound, bytes[end] != UInt8(ascii: " ") { end += 1 }
      body(start..<end)
      start = end
    }
  }
}
