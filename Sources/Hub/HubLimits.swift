/// The bounds of the hub, in one place.
enum HubLimits {
  /// A publish request's body; nginx has the same limit in `client_max_body_size`.
  static let requestBodyByteCountMaximum = 1 << 20
  /// Batches that are published at once; one over it is told to come back.
  static let batchCountMaximum = 256
  /// Bytes of a batch's body that wait to be read, but for what comes at once; its sender waits then.
  static let batchInputByteCountMaximum = 256 << 10
  /// The same of all batches; at it each hands on one piece after the other.
  static let batchInputsByteCountMaximum = 16 << 20
  /// About what each of its pieces takes beside its bytes: a sender may send one byte at a time.
  static let batchInputPieceByteCountOverhead = 64
  /// About what all batches together hold of lines that are read and not answered for, but for one line; at
  /// it nothing more is read, and the senders wait.
  static let batchesHeldByteCountMaximum = 32 << 20
  /// About what a line takes in memory beside its bytes, until it is answered for.
  static let batchLineByteCountOverhead = 128
  /// Bytes of events of a batch that go into the queue together: what others that publish wait for.
  static let batchPieceByteCountMaximum = 512 << 10
  /// Lines of a batch whose events go into the queue together.
  static let batchPieceLineCountMaximum = 8192
  /// Bytes of all batches that are on their way to the disk at once, unless one piece is larger.
  static let batchesUnderWayByteCountMaximum = 2 << 20
  /// What all batches keep of lines whose ends have not come, but for the least that each may have.
  static let batchLinesByteCountMaximum = 64 << 20
  /// A line may always have so many bytes.
  static let batchLineByteCountMinimum = 32 << 10
  /// Errors that the reply to a batch tells of, where it has no line for each event.
  static let batchErrorCountMaximum = 100
  /// Bytes of result lines that go to the web server at once.
  static let resultPieceByteCount = 16 << 10
  /// Results of a batch that are kept in memory, in bytes; more go into a file.
  static let resultLogByteCountMaximum = 16 << 10
  /// Results of a batch that are kept in its file, in bytes, but for those of one piece: two bytes of a body may
  /// be a line whose result takes two hundred.
  static let resultsByteCountMaximum = 256 << 20
  /// What an answer repeats of a text that a client sent, in bytes of UTF-8.
  static let excerptByteCountMaximum = 64
  /// Delayed events that are listed at once, if not said otherwise.
  static let delayedPageCount = 100
  /// The same at most.
  static let delayedPageCountMaximum = 1000
  /// Topics and patterns that one stream may ask for.
  static let topicsPerStreamCountMaximum = 100
  /// Events of each topic that a stream may begin with.
  static let lastEventCountMaximum = 1000
  /// The same of all its topics together: their numbers are kept until they are sent.
  static let lastEventsPerStreamCountMaximum = 10_000
  /// Names of events that one stream may keep.
  static let eventNamesPerStreamCountMaximum = 100
  /// Descriptors that streams leave to publishes, `/status` and the queue's files.
  static let reservedDescriptorCount = 256
  /// The same for each stream loop: the segments that it reads.
  static let reservedDescriptorCountPerLoop = 64
  /// Events that `/sse/time?count=` may ask for.
  static let demoEventCountMaximum = 1_000_000
  /// Files of access rules are looked at so often.
  static let accessLookInterval: Duration = .milliseconds(500)
  /// A file with a fault, though it has not changed, is tried again after so many looks.
  static let accessLooksPerTry = 6
  /// A ticket is good for so long.
  static let ticketAge: Duration = .seconds(60)
  /// Random bytes of a ticket.
  static let ticketByteCount = 24
  /// A text that is longer is no ticket, in bytes.
  static let ticketTextByteCountMaximum = 255
  /// What a ticket's file holds: patterns that a token named are the most of it.
  static let ticketFileByteCountMaximum = 256 << 10
  /// Tickets are counted and old ones removed so often.
  static let ticketSweepInterval: Duration = .seconds(20)
  /// The same while there are as many as there may be.
  static let ticketSweepIntervalWhenFull: Duration = .seconds(2)
  /// Tickets that wait to be used; more are refused.
  static let ticketCountMaximum = 50_000
  /// Topics that `GET /topics` tells of at once, if it is not told how many.
  static let topicsPerPageCount = 100
  /// The same at most.
  static let topicsPerPageCountMaximum = 1000
  /// What was found about topics is told again for so long.
  static let topicPageAgeMaximum: Duration = .seconds(1)
  /// Different questions whose answers are remembered meanwhile.
  static let rememberedTopicPageCountMaximum = 16
  /// Who waits to be told of topics; more are refused.
  static let waitingTopicQueryCountMaximum = 64
  /// Who waits to be told of all groups; more are refused.
  static let waitingGroupQueryCountMaximum = 64
}
