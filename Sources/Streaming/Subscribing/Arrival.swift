/// Where the events of a stream come from.
package enum StreamSource: Sendable {
  /// From the queue.
  case queue(StreamRequest)
  /// From a group: those that fall to the stream. A new group begins there.
  case group(GroupEntry, StreamRequest)
  /// From a demo.
  case demo(DemoSource)
}

/// A subscriber on the way from a front to a stream loop.
package struct Arrival: Sendable {
  /// The client's address, as the web server sees it.
  let remoteAddress: String
  let source: StreamSource
  /// Records to send before anything else.
  let opening: [UInt8]
  /// Records to send instead of all where its topics have ended and there is nothing for it any more; nil
  /// where they have not.
  let whenOver: [UInt8]?
  /// The durable end when the subscriber came: it gets what is published from then on.
  let joinsAt: UInt64
  /// Whether it may be told an id in a block without data.
  let takesIDBlocks: Bool
  /// Its right to be a stream.
  let slot: StreamSlot
  /// What lets it read what it asks for; nil where everybody may.
  let permit: StreamPermit?

  /// A subscriber that a front hands over.
  ///
  /// - Parameters:
  ///   - opening: FastCGI records to send before anything else.
  ///   - whenOver: records to send instead where its topics have ended, and nothing is left for it.
  ///   - joinsAt: the durable end now.
  ///   - takesIDBlocks: false for a client that takes a block without data for an empty event.
  package init(
    remoteAddress: String, source: StreamSource, opening: [UInt8], whenOver: [UInt8]? = nil,
    joinsAt: UInt64,
    takesIDBlocks: Bool = true, slot: StreamSlot, permit: StreamPermit? = nil
  ) {
    self.remoteAddress = remoteAddress
    self.source = source
    self.opening = opening
    self.whenOver = whenOver
    self.joinsAt = joinsAt
    self.takesIDBlocks = takesIDBlocks
    self.slot = slot
    self.permit = permit
  }
}
