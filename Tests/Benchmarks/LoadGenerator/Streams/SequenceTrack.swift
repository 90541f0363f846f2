/// Which events a stream has shown so far, told by their keys: what ascends in the order of events.
///
/// In order a key costs one comparison; memory is used only for the stretches passed over, which
/// other topics' events are as well as lost ones.
struct SequenceTrack {
  /// What a key is to those before it.
  enum Verdict {
    case inOrder, late, again
  }

  /// One more than the greatest key seen.
  private(set) var next: UInt64 = 0
  /// Below `next`, but not seen; ascending.
  private var skipped: [Range<UInt64>] = []

  /// Takes the key of an event that has come.
  @inline(__always)
  mutating func note(_ key: UInt64) -> Verdict {
    if key == next {
      next += 1
      return .inOrder
    }
    return noteJump(to: key)
  }

  private mutating func noteJump(to key: UInt64) -> Verdict {
    if key > next {
      skipped.append(next..<key)
      next = key + 1
      return .inOrder
    }
    guard let index = skipped.lastIndex(where: { $0.contains(key) }) else { return .again }
    let range = skipped[index]
    let rest = [range.lowerBound..<key, key + 1..<range.upperBound]
    skipped.replaceSubrange(index...index, with: rest.filter { !$0.isEmpty })
    return .late
  }

  /// How many of `keys`, which ascend, have not been seen.
  func missingCount(of keys: [UInt64]) -> Int {
    let isBehind = keys.count - Self.position(of: next, in: keys)
    return skipped.reduce(isBehind) { count, range in
      count + Self.position(of: range.upperBound, in: keys)
        - Self.position(of: range.lowerBound, in: keys)
    }
  }

  /// How many of `keys` lie below `bound`.
  private static func position(of bound: UInt64, in keys: [UInt64]) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < bound { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
