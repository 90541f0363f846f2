extension [UInt8] {
  /// The bytes with some of them replaced, put in, taken out or cut off, one byte at least.
  ///
  /// - Parameters:
  ///   - changes: how many changes there may be.
  ///   - alphabet: what the new bytes are taken from.
  public func distorted(
    _ changes: ClosedRange<Int>, with alphabet: [UInt8], using random: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = self
    for _ in 0..<Int.random(in: changes, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      let byte = alphabet.randomElement(using: &random) ?? 0
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[place] = byte
      case 1: bytes.insert(byte, at: place)
      case 2: bytes.remove(at: place)
      default: bytes.removeLast(bytes.count - place)
      }
      if bytes.isEmpty { bytes = [byte] }
    }
    return bytes
  }
}
