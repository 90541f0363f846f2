/// The bounds of the stream engine, in one place.
enum StreamLimits {
  /// A stream's permit may end no later than this from now on, in milliseconds: a century.
  static let permitMillisecondsMaximum: Int64 = 100 * 366 * 86_400_000
  /// Streams that are looked at together when other rules say who may read what, and the pause between.
  static let permitsAtOnceCount = 256
  static let reviewTick: Duration = .milliseconds(1)
  /// Who is turned away because too many come at once is told to come back after this at the latest.
  static let returnDelayMaximum: Duration = .seconds(60)
  /// While a worker stops, its streams end in steps of this.
  static let drainTick: Duration = .milliseconds(10)
  /// A frame of this size takes no more events.
  ///
  /// With the last event's limit this bounds a frame, and with it what a stalled stream can hold, to
  /// 64 KiB.
  static let frameByteCountMaximum = 47 << 10
  /// A pass renders no more than this for all audiences together, but for what a read of the least
  /// size may add.
  static let passRenderedByteCountMaximum = 16 << 20
  /// The least that a pass reads at once, however many audiences there are.
  static let passReadByteCountMinimum = 4 << 10
  /// A stream loop reads at most so often before it writes.
  static let passReadCountMaximum = 32
  /// An event with a larger body is not put into a frame: each stream reads it from the queue, in
  /// pieces.
  static let framedBodyByteCountMaximum = 16 << 10
  /// What one audience is sent in a pass if there are others; where there is more, its subscribers
  /// read it from the queue, in turns.
  static let bulkByteCountMaximum = 4 << 20
  /// A piece of a large event.
  static let pieceByteCountMaximum = 32 << 10
  /// Events in a page of JSON.
  static let pageEventCountMaximum = 1000
  /// Frames that a loop keeps for the next pass.
  static let pooledFrameByteCountMaximum = 4 << 20
  /// Records that are sent to subscribers who are behind before the loop waits for the web server
  /// to read them.
  static let replayRoundByteCountMaximum = 512 << 10
  /// A round takes no longer, but for its last turn: live subscribers wait for it.
  static let replayRoundDuration: Duration = .milliseconds(5)
  /// Turns of subscribers who are behind in such a round.
  static let replayRoundTurnCountMaximum = 256
  /// Turns that a loop remembers, because many come back at once and ask for the same.
  static let replayTurnCountMaximum = 64
  /// A turn is remembered so long: events expire.
  static let replayTurnAgeMaximum: Duration = .milliseconds(500)
  /// A silent stream is told the newest id when so many events, of other topics, have passed.
  static let checkpointEventCount: UInt64 = 1000
  /// A stream loop looks at the durable end at least this often, whatever wakes it.
  static let watchInterval: Duration = .milliseconds(250)
  /// Streams that are looked at to see whether the web server has read a pass.
  static let pacingSampleCountMaximum = 16
  /// They are looked at so often.
  static let pacingLookNanoseconds: Int64 = 1_000_000
  /// The time that is left to the web server for everything else, of the time a pass took it.
  static let pacingRestPercent: Int64 = 10
  /// Beyond that, for each stream that was opened meanwhile: about what one takes the web server.
  static let pacingNanosecondsPerArrival: Int64 = 150_000
  /// The web server is waited for no longer than this after a pass, and the time for its writes.
  static let pacingPatience: Duration = .milliseconds(250)
  /// The same after a round of turns: among those who are behind many have stopped reading.
  static let replayPatience: Duration = .milliseconds(10)
  /// Several times what a write takes the web server.
  static let pacingPatienceNanosecondsPerWrite: Int64 = 50_000
  /// An audience is looked at for silence at least this often.
  static let silenceLookInterval: Duration = .seconds(60)
  /// The first pause after the queue could not be read.
  static let readPauseMinimum: Duration = .milliseconds(250)
  /// The longest pause after the queue could not be read.
  static let readPauseMaximum: Duration = .seconds(4)
  /// What members of groups were sent is looked at after this, and again after pauses that grow.
  static let memberLookMinimum: Duration = .milliseconds(1)
  /// The longest of those pauses.
  static let memberLookMaximum: Duration = .milliseconds(64)
  /// A group that another worker holds up is tried again after this.
  static let groupPause: Duration = .milliseconds(10)
  /// Rounds in which it is tried so often to say who has gone, when the worker stops.
  static let groupStopTryCountMaximum = 10
  /// Events that the epoll of the groups hands out at once: there are no more.
  static let groupEpollEventCountMaximum = 4
  /// Events that epoll hands out at once.
  static let epollEventCountMaximum = 512
}
