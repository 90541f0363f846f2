import EventStream

/// The bounds of the file queue, in one place.
public enum QueueLimits {
  // MARK: - An event's fields

  // They hold at every door, because all lead through `PendingEvent`; and what `RecordWriter` renders
  // of fields within them, `RecordParser` takes back.

  /// An event type's length in bytes of UTF-8.
  public static let typeByteCountMaximum = EventType.byteCountMaximum
  /// How long an event may tell browsers to wait before they reconnect, in milliseconds: up to a day.
  public static let retryMilliseconds: ClosedRange<Int> = 0...86_400_000
  /// A time, in milliseconds since 1970: up to the end of the year 9999.
  ///
  /// Microseconds and nanoseconds of our days are far above it.
  public static let unixMilliseconds: ClosedRange<Int64> = 0...253_402_300_799_999
  /// A topic's length in bytes of UTF-8.
  public static let topicByteCountMaximum = 255
  /// A record's body: everything that goes on the wire for one event.
  public static let bodyByteCountMaximum = 4 << 20
  /// Topics of one event.
  public static let topicsPerEventCountMaximum = 100
  /// All topics of one event together, as they stand in the head.
  public static let topicsByteCountMaximum = 12 << 10
  /// A key's length in bytes of UTF-8.
  public static let keyByteCountMaximum = 255
  /// A record's head line, its newline included: five fields, the topics, a key of which every byte may
  /// be percent-encoded, and other attributes.
  public static let headByteCountMaximum = 16 << 10
  /// A segment is followed by a new one before it would grow beyond this.
  ///
  /// Offsets in an index entry have 32 bits.
  public static let segmentByteCountMaximum = 64 << 20
  /// Events that a segment can hold: an event takes more than 40 bytes.
  public static let segmentEventCountMaximum = 1 << 21
  /// The highest sequence: a head's numbers have at most 18 digits.
  public static let sequenceMaximum: UInt64 = 999_999_999_999_999_999
  /// Digits of a number in a head; a reader takes one more in a time.
  static let decimalDigitCountMaximum = 18

  // MARK: - Identity

  /// Epochs that a queue remembers without an event of theirs.
  public static let epochCountMaximum = 1024
  /// The file `epoch`: more lines than a queue can have segments.
  static let epochFileByteCountMaximum = 4 << 20
  /// The kernel dates a store into the page `tail` at most so much later than its time was noted; where
  /// it is later somebody else has changed the file.
  ///
  /// Far less than it takes to copy a queue, publish, and put the copy back. A store that was held up for
  /// longer, in a process that died then, costs no more than an epoch that was not needed.
  static let tailTouchTolerance: Duration = .milliseconds(5)

  // MARK: - Backups

  /// Bytes that are copied at once.
  static let copyChunkByteCount = 1 << 20
  /// Bytes at the end of a file by which one that was copied before is known.
  static let comparedByteCount = 4 << 10
  /// Retention may get in the way of a backup, and a start of weir: then it is begun anew.
  static let backupTryCountMaximum = 10
  /// A segment of the greatest size and a record more.
  static let archivedFileByteCountMaximum = 1 << 30
  /// A name in an archive, and what else is told beside it.
  static let archivedFieldsByteCountMaximum = 1 << 16

  // MARK: - Keys

  /// For how long a key is remembered, unless another time is asked for.
  public static let keyWindow: Duration = .seconds(24 * 3600)
  /// For how long keys may be remembered.
  public static let keyWindows: ClosedRange<Duration> = .seconds(1)...(.seconds(30 * 24 * 3600))
  /// Keys are kept no less than this, whatever the window: who publishes delayed events in the place of a
  /// process that died asks for those that it has used.
  static let keyAgeMinimum: Duration = .seconds(600)
  /// How often who publishes looks at the clocks, and forgets keys that are too old.
  static let keyUpkeepInterval: Duration = .seconds(60)
  /// How often the clock may be set and the ages of keys be right all the same; beyond that the first times are
  /// forgotten.
  static let clockStepCountMaximum = 64
  /// Where more keys are known than an appender remembers, so many parts in all are forgotten at once.
  static let forgottenKeyShare = 16
  /// Keys that an appender remembers, at 16 to 22 bytes each; beyond that the oldest are forgotten before
  /// the window is over.
  public static let keyCountMaximum = 12_000_000

  // MARK: - Delayed events

  /// Events that may wait for their time.
  public static let delayedEventCountMaximum = 100_000
  /// Bytes of all of them.
  public static let delayedByteCountMaximum = 256 << 20
  /// Events that are published together when their time has come, and bytes of them unless a single one
  /// is larger: few enough that others who publish at that moment do not wait for them.
  static let delayedBatchEventCountMaximum = 1024
  static let delayedBatchByteCountMaximum = 1 << 20
  /// The file `delayed` is made anew when so much of it means nothing any more, and more than half.
  public static let delayedDeadByteCountMaximum = 1 << 20
  /// The same where no event waits any more.
  static let delayedEmptyByteCountMaximum = 64 << 10
  /// Bytes of events that are listed at once, unless a single one is larger.
  static let delayedPageByteCountMaximum = 1 << 20
  /// How often is looked whether other processes have taken delayed events in, and whether the one that
  /// publishes them lives.
  public static let delayedInterval: Duration = .milliseconds(250)
  /// How long after a failure publishing delayed events is tried again.
  static let delayedPause: Duration = .milliseconds(500)
  /// That a delayed event was published is on disk after this time; until then its key keeps it from being
  /// published again.
  static let delayedSyncInterval: Duration = .seconds(1)
  /// Requests that wait for the thread that has the delayed events; more are refused.
  static let delayedRequestCountMaximum = 65_536

  // MARK: - Appending

  /// A clock that is set back by no more than this has the times of events stand still; one that is set
  /// back further has them step back.
  public static let clockStepTolerance: Duration = .seconds(60)
  /// Retention by age believes a clock that has jumped ahead when it has stayed there for so long.
  public static let clockPatience: Duration = .seconds(600)
  /// Whoever waits longer for the queue's lock gives up.
  public static let lockPatience: Duration = .seconds(5)
  /// With durability `interval`, what was appended is on disk after this time.
  public static let syncInterval: Duration = .milliseconds(100)
  /// Deletions of topics that wait for the committer; more are refused.
  static let waitingDeletionCountMaximum = 4096
  /// Topics that are known to have ended; of more the oldest are forgotten whose events are gone.
  public static let endedTopicCountMaximum = 1_000_000
  /// States of topics that are looked through at once: an appender may wait for it.
  static let topicStatesAtOnceCount = 4096
  /// Lines of the file `topics` that are no reason to make it anew, however many of them are dead.
  static let topicLogLineCountMinimum = 1000
  /// The upkeep of a queue looks after it so often.
  public static let upkeepInterval: Duration = .milliseconds(250)
  /// Retention is looked at each time after so many rounds of upkeep.
  public static let upkeepRoundsPerRetention = 4
  /// Old keys are looked for each time after so many.
  static let upkeepRoundsPerKeyRemoval = 240
  /// What a probe of the way to the disk writes: more than the rest of a block, so that a full disk shows.
  static let probeByteCount = 8 << 10
  /// The way to the disk is probed at most so often; who asks meanwhile is told what the last probe found.
  static let probeInterval: Duration = .seconds(1)
  /// Who waits for a probe; more are refused.
  static let probeWaiterCountMaximum = 64
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
  /// A stretch of so many events is read event by event, whatever the filter.
  public static let plainReadEventCountMaximum = 512
  /// Index entries that a reader looks through at once.
  public static let indexChunkEntryCount = 4096
  /// One match in so many events is enough to read all of them instead of looking each one up.
  public static let sparseMatchDivisor = 8
  /// What looking a filter up in a segment's table counts as, of what is read at once: a filter that
  /// has few events in many segments is not to hold up the others.
  public static let tableLookUpByteCount = 64 << 10
  /// Events of a topic that a step of a search for the last ones looks up in a segment's table.
  public static let lastEventCountPerStep = 256
  /// Tables whose checksums a reader remembers to be right.
  public static let soundTableCountMaximum = 4096
  /// Segments and filters for which a reader remembers where the matches are.
  public static let matchListCountMaximum = 16
}
