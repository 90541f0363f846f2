/// Which events of the queue a stream has shown so far, told by their sequences.
///
/// In order a sequence costs one comparison; memory is used only for the stretches passed over,
/// which other topics' events are as well as lost ones.
struct SequenceTrack {
  /// What a sequence is to those before it.
  enum Verdict {
    case inOrder, late, again
  }

  /// One more than the greatest sequence seen.
  private var next: UInt64 = 0
  /// Below `next`, but not seen; ascending.
  private var skipped: [Range<UInt64>] = []

  /// Takes the sequence of an event that has come.
  mutating func note(_ sequence: UInt64) -> Verdict {
    if sequence == next {
      next += 1
      return .inOrder
    }
    if sequence > next {
      skipped.append(next..<sequence)
      next = sequence + 1
      return .inOrder
    }
    guard let index = skipped.lastIndex(where: { $0.contains(sequence) }) else { return .again }
    let range = skipped[index]
    let rest = [range.lowerBound..<sequence, sequence + 1..<range.upperBound]
    skipped.replaceSubrange(index...index, with: rest.filter { !$0.isEmpty })
    return .late
  }

  /// How many of `sequences`, which ascend, have not been seen.
  func missingCount(of sequences: [UInt64]) -> Int {
    let isBehind = sequences.count - Self.position(of: next, in: sequences)
    return skipped.reduce(isBehind) { count, range in
      count + Self.position(of: range.upperBound, in: sequences)
        - Self.position(of: range.lowerBound, in: sequences)
    }
  }

  /// How many of `sequences` lie below `bound`.
  private static func position(of bound: UInt64, in sequences: [UInt64]) -> Int {
    var low = 0
    var high = sequences.count
    while low < high {
      let middle = (low + high) / 2
      if sequences[middle] < bound { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
