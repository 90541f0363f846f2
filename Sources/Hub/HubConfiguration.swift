public import FileQueue
public import Streaming

/// What an operator can choose about a hub; ``Hub/apply(_:)`` says what can change while it runs.
public struct HubConfiguration: Sendable {
  /// Origins whose pages may read streams, publish, and send cookies; `*` lets all read streams.
  ///
  /// Empty: only pages of the same origin.
  public var corsOrigins: [String] = []
  /// Whether `GET /publish?message=…` publishes, for webhooks that can do no more.
  public var takesGetPublishes = false
  /// How streams are served.
  public var streams = StreamConfiguration()
  /// How long browsers are told to wait before they reconnect; each stream gets a value of its own
  /// between this and one and a half times as much, so that not all come back at once.
  public var retryMilliseconds = 2000
  /// What an acknowledgement is worth.
  public var durability = Durability.full
  /// How much of the past is kept.
  public var retention = Retention.standard
  /// For how long keys are remembered.
  public var keyWindow = QueueLimits.keyWindow
  /// How many streams the worker serves at once; one over it is told to come back later.
  public var streamCountMaximum = Int.max
  /// How many of them one client address may have, IPv6 by its first 64 bits; nil for no limit.
  public var streamsPerAddressCountMaximum: Int?
  /// How many streams may begin in a second; nil for no limit.
  public var newStreamsPerSecondMaximum: Int?
  /// When the worker stops, its streams end evenly over this time.
  public var drainTime: Duration = .seconds(1)
  /// Threads that serve streams.
  ///
  /// One writes several times faster than an nginx worker reads.
  public var streamLoopCount = 1
  /// Threads that accept, parse and route requests.
  ///
  /// Measured: a second one costs more in wake-ups than it carries.
  public var frontCount = 1

  /// The defaults.
  public init() {}

  /// How many streams leave enough descriptors for everything else, of so many that the process may
  /// have.
  public static func streamCountMaximum(
    descriptorCountMaximum: Int, streamLoopCount: Int
  ) -> Int {
    let reserve =
      HubLimits.reservedDescriptorCount
      + streamLoopCount * HubLimits.reservedDescriptorCountPerLoop
    return max(1, descriptorCountMaximum - min(reserve, descriptorCountMaximum / 2))
  }
}
