/// The last event of each topic in one segment, from which each new index entry learns its distance.
///
/// Memory grows with the topics in one segment, not with the events.
struct TopicChain {
  private(set) var segment: SegmentName
  /// The first sequence that the chain has not seen.
  private(set) var next: UInt64
  private var lastSequences: [UInt64: UInt64] = [:]

  init(segment: SegmentName) {
    self.segment = segment
    next = segment.first
  }

  /// Takes in the next event; returns its distance to the previous one of its topic.
  mutating func extend(topicHash: UInt64, sequence: UInt64) -> UInt32 {
    next = sequence + 1
    let previous = lastSequences.updateValue(sequence, forKey: topicHash)
    guard let previous else { return 0 }
    return UInt32(clamping: sequence - previous)
  }
}
