/// The bounds of the hub, in one place.
enum HubLimits {
  /// A publish request's body; nginx has the same limit in `client_max_body_size`.
  static let requestBodyByteCountMaximum = 1 << 20
  /// What an answer repeats of a text that a client sent, in bytes of UTF-8.
  static let excerptByteCountMaximum = 64
  /// Topics and patterns that one stream may ask for.
  static let topicsPerStreamCountMaximum = 100
  /// Descriptors that streams leave to publishes, `/status` and the queue's files.
  static let reservedDescriptorCount = 256
  /// The same for each stream loop: the segments that it reads.
  static let reservedDescriptorCountPerLoop = 64
  /// Who is turned away because too many come at once is told to come back after this at the latest.
  static let returnDelayMaximum: Duration = .seconds(60)
  /// While a worker stops, its streams end in steps of this.
  static let drainTick: Duration = .milliseconds(10)
  /// The longest time that `retry` may tell a browser to wait: a day.
  static let retryMillisecondsMaximum = 86_400_000
  /// Records that a stream loop reads for all its audiences before it writes.
  static let passByteCountMaximum = 64 << 10
  /// Records that a subscriber who is behind is given at a turn.
  static let turnByteCountMaximum = 48 << 10
  /// Subscribers who are behind that get a turn before the loop looks up again.
  static let turnsPerPassCountMaximum = 64
  /// A stream loop looks at the durable end at least this often, whatever wakes it.
  static let watchInterval: Duration = .milliseconds(250)
  /// The pause after a pass for each write in it: what it costs nginx to relay one (measured), with
  /// room for everything else that runs.
  ///
  /// Without it the hub starves nginx of the processor.
  static let pacingNanosecondsPerWrite: Int64 = 25_000
  /// The longest pause between two passes.
  static let pacingNanosecondsMaximum: Int64 = 250_000_000
  /// The first pause after the queue could not be read.
  static let readPauseMinimum: Duration = .milliseconds(250)
  /// The longest pause after the queue could not be read.
  static let readPauseMaximum: Duration = .seconds(4)
  /// A failure of one kind is logged at most so often.
  static let failureReportInterval: Duration = .seconds(60)
  /// Kinds of failures that are told apart in the log.
  static let failureKindCountMaximum = 64
  /// Events that `/sse/time?count=` may ask for.
  static let demoEventCountMaximum = 1_000_000
  /// Events that epoll hands out at once.
  static let epollEventCountMaximum = 512
}
