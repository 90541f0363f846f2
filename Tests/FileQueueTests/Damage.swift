import Support

/// What can happen to the bytes of a file at one place, and what of the original is whole afterwards.
enum Damage: CaseIterable, Sendable {
  case truncated, lowestBitFlipped, middleBitFlipped, highestBitFlipped, byteZeroed, sectorZeroed
  case bytesTwice, bytesGone

  /// The places to damage: all of them in the long form, otherwise one of `step`.
  ///
  /// Which ones differs from damage to damage, so that each place is hit by some of them. A text is
  /// cut at every place always.
  func positions(in bytes: [UInt8], every step: Int) -> [Int] {
    let all = Array(bytes.indices)
    if LongForm.isAskedFor || self == .truncated && step <= 5 { return all }
    let shift = Self.allCases.firstIndex(of: self) ?? 0
    return all.filter { ($0 + shift) % step == 0 }
  }

  /// `bytes`, damaged at `position`.
  func applied(to bytes: [UInt8], at position: Int) -> [UInt8] {
    var bytes = bytes
    switch self {
    case .truncated: bytes.removeSubrange(position...)
    case .lowestBitFlipped: bytes[position] ^= 0x01
    case .middleBitFlipped: bytes[position] ^= 0x10
    case .highestBitFlipped: bytes[position] ^= 0x80
    case .byteZeroed: bytes[position] = 0
    case .sectorZeroed: for index in span(position, bytes) { bytes[index] = 0 }
    case .bytesTwice:
      bytes.insert(contentsOf: bytes[span(position, bytes)], at: span(position, bytes).upperBound)
    case .bytesGone: bytes.removeSubrange(span(position, bytes))
    }
    return bytes
  }

  /// The parts of the original that are still there in one piece: what lies wholly in one of them is
  /// to be read, everything else is to be told as missing.
  func wholeParts(of bytes: [UInt8], at position: Int) -> [Range<Int>] {
    let span = span(position, bytes)
    return switch self {
    case .truncated: [0..<position]
    // A record that begins with them begins in the middle of a line, where text could be meant.
    case .bytesTwice: [0..<span.upperBound, (position + 1)..<bytes.count]
    default: [0..<position, span.upperBound..<bytes.count]
    }
  }

  private func span(_ position: Int, _ bytes: [UInt8]) -> Range<Int> {
    let byteCount =
      switch self {
      case .sectorZeroed: 512
      case .bytesTwice, .bytesGone: 41
      default: 1
      }
    return position..<min(position + byteCount, bytes.count)
  }
}

/// What can stand behind the last record of a file although no appender wrote it there.
enum Junk: CaseIterable, Sendable {
  case zeros, text, partOfARecord, firstRecordAgain, lastRecordAgain, recordOfAnotherQueue
}
