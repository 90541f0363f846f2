/// A place between two events of a queue, and where the text goes on from there.
public struct Cursor: Hashable, Sendable {
  /// The sequence of the next event.
  public internal(set) var sequence: UInt64
  var segment: SegmentName
  var offset: Int

  init(sequence: UInt64, segment: SegmentName, offset: Int) {
    self.sequence = sequence
    self.segment = segment
    self.offset = offset
  }

  /// The place before the event `sequence`, which is looked for when it is read from: whoever does is
  /// told of a gap where the event is not there any more.
  ///
  /// - Parameter sequence: at most the durable end.
  public init(before sequence: UInt64) {
    self.init(sequence: sequence, segment: SegmentName(first: sequence), offset: 0)
  }
}
