/// The bounds of the hub, in one place.
enum HubLimits {
  /// A publish request's body; nginx has the same limit in `client_max_body_size`.
  static let requestBodyByteCountMaximum = 1 << 20
  /// What an answer repeats of a text that a client sent, in bytes of UTF-8.
  static let excerptByteCountMaximum = 64
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
}
