/// Records ready for the wire, rendered once and sent to any number of subscribers.
final class Frame {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }
}
