/// The bounds of a front.
public struct FrontLimits: Sendable {
  /// A request's body; larger ones are read to their end and refused.
  public var requestBodyByteCountMaximum = 1 << 20
  /// A body that is refused, or answered before it is whole, is read so far before the connection is closed
  /// instead.
  public var discardedBodyByteCountMaximum = 64 << 20
  /// Connections that a front holds at the same time, streams not counted.
  public var connectionCountMaximum = 8192
  /// A peer that has begun a request has so long to finish it, and to read its answer.
  public var requestDurationSeconds: Int64 = 30
  /// A body that is handed on may come for as long as it likes, but not be silent for longer than this,
  /// which is more than web servers wait for a sender (nginx's client_body_timeout is a minute).
  public var bodySilenceSecondsMaximum: Int64 = 600
  /// A kept connection without a request is closed after so long.
  public var idleDurationSeconds: Int64 = 300
  /// After the process has run out of descriptors, no connection is accepted for so long.
  public var acceptPauseMilliseconds: Int64 = 100
  /// While the front ends, it looks so often whether web servers have closed idle connections.
  public var partingPauseMilliseconds: Int64 = 5
  /// Idle connections that a web server is asked to close at once; nginx/weir.conf lets a publish meet one more.
  public var partingCountMaximum = 3
  /// A web server that has not closed an idle connection after so long does not look at these; nginx with thousands of
  /// streams on a busy machine may need a second.
  public var partingMilliseconds: Int64 = 2000

  /// The defaults.
  public init() {}

  /// All PARAMS content of a request: nginx itself refuses to send more.
  static let parametersByteCountMaximum = 65_535
  /// Bytes asked of the kernel at once.
  static let receiveByteCount = 64 << 10
}
