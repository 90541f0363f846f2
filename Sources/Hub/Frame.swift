/// Records ready for the wire, rendered once and sent to any number of subscribers.
final class Frame {
  let bytes: [UInt8]
  /// Events in it.
  let eventCount: Int

  init(_ bytes: [UInt8], eventCount: Int) {
    self.bytes = bytes
    self.eventCount = eventCount
  }
}
