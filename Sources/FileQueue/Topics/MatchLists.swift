/// Where the matches of a filter are in a sealed segment, remembered for the filters and segments
/// that were read last.
struct MatchLists {
  /// The events of a segment that a filter wants.
  enum Matches {
    /// Their numbers in the segment, sorted.
    case sparse([UInt32])
    /// So many that reading all events costs less than looking each one up.
    case dense
  }

  private struct Key: Hashable {
    let segment: SegmentName
    let filter: TopicFilter
  }

  private var lists: [Key: (matches: Matches, lastUse: UInt64)] = [:]
  private var uses: UInt64 = 0

  /// The matches, found by `find` if they are not remembered; nil where it cannot tell yet.
  mutating func matches(
    of filter: TopicFilter, in segment: SegmentName,
    find: () throws(QueueError) -> Matches?
  ) throws(QueueError) -> Matches? {
    uses += 1
    let key = Key(segment: segment, filter: filter)
    if let known = lists[key] {
      lists[key]?.lastUse = uses
      return known.matches
    }
    guard let matches = try find() else { return nil }
    if lists.count >= QueueLimits.matchListCountMaximum,
      let stalest = lists.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
    {
      lists.removeValue(forKey: stalest)
    }
    lists[key] = (matches, uses)
    return matches
  }
}
