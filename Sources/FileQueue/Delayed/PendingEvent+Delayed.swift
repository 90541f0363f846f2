extension PendingEvent {
  /// The event of an entry of the file `delayed`, as it is published now.
  ///
  /// - Parameters:
  ///   - layout: where it lies in the entry's bytes, which its checksum vouches for.
  ///   - expiresAt: when it stops being delivered, in milliseconds since 1970; nil for never.
  ///   - id: what keeps it from being published twice, where it has no key of its own.
  ///   - mayBePublished: whether it may be in the queue, for however long.
  ///   - isDisplaced: whether another event was published with its key.
  init(
    _ layout: RecordLayout, in bytes: Span<UInt8>, expiresAt: Int64?, id: DelayedID,
    mayBePublished: Bool, isDisplaced: Bool = false
  ) {
    var content: [UInt8] = []
    content.reserveCapacity(layout.byteCount + 64)
    let head = layout.topic.lowerBound..<layout.attributes.upperBound
    if isDisplaced, let value = layout.key(in: bytes) {
      let start = value.lowerBound - RecordAttribute.key.count
      content.append(bytes.extracting(head.lowerBound..<start))
      content.append(bytes.extracting(value.upperBound..<head.upperBound))
    } else {
      content.append(bytes.extracting(head))
    }
    if let expiresAt {
      content.append(contentsOf: RecordAttribute.expires)
      content.append(contentsOf: "\(expiresAt)".utf8)
    }
    let ownKey = isDisplaced ? nil : layout.eventKey(in: bytes, isLasting: mayBePublished)
    let key = ownKey ?? EventKey(ofDelayed: "\(id)")
    if ownKey == nil {
      content.append(contentsOf: RecordAttribute.key)
      content.append(contentsOf: key.encoded)
    }
    content.append(UInt8(ascii: "\n"))
    // Without the blank line: the id comes before it.
    let fields = layout.body.lowerBound..<(layout.body.upperBound - 1)
    content.append(bytes.extracting(fields))
    var hash = ContentHash()
    layout.forEachTopic(in: bytes) { hash.add(topic: $0) }
    if layout.isEnd(in: bytes) { hash.addEnd() }
    hash.add(bytes.extracting(fields))
    contentHash = hash.value
    self.content = content
    fieldsByteCount = fields.count
    topicHash = layout.indexHash(in: bytes)
    self.key = key
    isEnd = layout.isEnd(in: bytes)
    publishedAt = nil
  }
}
