/// The bounds of the file queue, in one place.
public enum QueueLimits {
  /// A topic's length in bytes of UTF-8.
  public static let topicByteCountMaximum = 255
  /// A record's body: everything that goes on the wire for one event.
  public static let bodyByteCountMaximum = 4 << 20
  /// A record's head line, its newline included: five fields, a topic of which every byte may be
  /// percent-encoded, and attributes.
  public static let headByteCountMaximum = 2048
  /// A segment is followed by a new one before it would grow beyond this.
  ///
  /// Offsets in an index entry have 32 bits.
  public static let segmentByteCountMaximum = 64 << 20
  /// Events that one batch of an appender may hold.
  public static let batchEventCountMaximum = 16_384
  /// Bytes of record bodies that one batch may hold, unless a single event is larger.
  public static let batchByteCountMaximum = 8 << 20
  /// Bytes of record bodies that may wait for the committer; more are refused.
  public static let pendingByteCountMaximum = 64 << 20
  /// Bytes that a reader asks the kernel for at once, unless a record is larger.
  public static let chunkByteCount = 128 << 10
  /// Segments that a reader keeps open.
  public static let openSegmentCountMaximum = 16
}
