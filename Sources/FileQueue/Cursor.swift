/// A place between two events of a queue, and where the text goes on from there.
public struct Cursor: Hashable, Sendable {
  /// The sequence of the next event.
  public internal(set) var sequence: UInt64
  var segment: SegmentName
  var offset: Int
}
