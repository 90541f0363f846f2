public import FileQueue
import Kernel
public import SystemPackage

/// How a queue and its workers are: what `GET /weir/status` and `weir status` tell.
///
/// Counts are those of all workers since the queue was made, as long as `workers/` in it is kept;
/// their names and units are described in Figures.docc.
public struct StatusReport: Encodable, Sendable {
  /// Of the weir that reports.
  public let version: String
  /// What an acknowledgement is worth: `full`, `interval` or `none`; nil where no worker runs.
  public let durability: String?
  /// How much the queue holds.
  public let queue: QueueStatus
  /// Workers that run.
  public let workers: Int
  /// For how long the oldest of them has run; nil where there is none.
  public let uptimeSeconds: Int?
  /// How many streams there are.
  public let streams: StreamStatus
  /// Events that were handed to the kernel for a subscriber: one for each event and subscriber.
  public let deliveries: UInt64
  /// Bytes that were sent to streams.
  public let bytes: UInt64
  /// From publishing an event to handing it to live subscribers.
  public let lagMilliseconds: Quantiles
  /// How long passes of the slowest stream loop had to wait lately while there were events.
  public let paceMilliseconds: Double
  /// Events `weir.gap` that were sent.
  public let gaps: UInt64
  /// What was sent to subscribers that were not live.
  public let replays: ReplayStatus
  /// What became of publish requests.
  public let publishes: PublishStatus
  /// How groups are that share events, by their names.
  public let groups: [GroupFigures]
  /// Keys that are remembered.
  public let keys: KeyStatus
  /// Events that are published later.
  public let delayed: DelayedStatus
  /// How it stands with the rules of the worker that reports; nil where there are none.
  let access: AccessReport?

  /// How much the queue holds.
  public struct QueueStatus: Encodable, Sendable {
    /// Half of every event id.
    public let epoch: String
    /// The id of the oldest event; nil while there is none.
    public let oldest: String?
    /// The id of the newest event; nil while there is none.
    public let newest: String?
    /// Events that are there.
    public let events: Int
    /// Segment files.
    public let segments: Int
    /// Bytes of all of them, and of what is derived from them.
    public let bytes: Int
    /// Whether it takes no more events since a write failed.
    public let readOnly: Bool

    private enum CodingKeys: String, CodingKey {
      case epoch, oldest, newest, events, segments, bytes
      case readOnly = "read_only"
    }

    init(_ figures: QueueFigures) {
      epoch = figures.epochs.currentDigits
      oldest = figures.oldestID?.description
      self.newest = figures.newestID?.description
      events = figures.eventCount
      segments = figures.segmentCount
      bytes = figures.byteCount
      readOnly = figures.isReadOnly
    }
  }

  /// How many streams there are.
  public struct StreamStatus: Encodable, Sendable {
    /// Open ones.
    public let open: UInt64
    /// Those that have everything.
    public let live: UInt64
    /// Those that have yet to get what others have.
    public let behind: UInt64
    /// Those that were opened so far.
    public let opened: UInt64
    /// Requests for a stream that got none because of a limit.
    public let refused: UInt64
  }

  /// Values that so many do not pass, as powers of two; nil where there are none, or where the value
  /// is beyond the largest bound of the histogram.
  public struct Quantiles: Encodable, Sendable {
    /// How many values there are.
    public let count: UInt64
    /// Half of all.
    public let p50: UInt64?
    /// 99 of 100.
    public let p99: UInt64?
    /// All.
    public let max: UInt64?

    init(_ histogram: Histogram, _ values: PageValues) {
      count = histogram.count(in: values)
      p50 = histogram.bound(ofShare: 0.5, in: values)
      p99 = histogram.bound(ofShare: 0.99, in: values)
      max = histogram.bound(ofShare: 1, in: values)
    }
  }

  /// What was sent to subscribers that were not live.
  public struct ReplayStatus: Encodable, Sendable {
    /// Streams that began behind an event id.
    public let streams: UInt64
    /// Events that were handed to subscribers that were catching up.
    public let events: UInt64
  }

  /// What became of publish requests.
  public struct PublishStatus: Encodable, Sendable {
    /// Those that were acknowledged.
    public let acknowledged: UInt64
    /// Those that got a problem.
    public let refused: UInt64
    /// From the request to the acknowledgement.
    public let latencyMicroseconds: Quantiles

    private enum CodingKeys: String, CodingKey {
      case acknowledged, refused
      case latencyMicroseconds = "latency_us"
    }
  }

  /// Keys by which a second publish of an event is known.
  public struct KeyStatus: Encodable, Sendable {
    /// Those that the worker remembers that remembers most: each knows all, and holds 16 to 32 bytes for one.
    public let remembered: UInt64
    /// Beyond this the oldest are forgotten.
    public let maximum: Int
  }

  /// Events that are published later.
  public struct DelayedStatus: Encodable, Sendable {
    /// Those that wait for their time.
    public let waiting: UInt64
    /// When the first of them is due, in milliseconds since 1970; nil where none waits.
    public let nextDue: Int64?
    /// Those that were not published, because their topics had ended by then.
    public let dropped: UInt64

    private enum CodingKeys: String, CodingKey {
      case waiting, dropped
      case nextDue = "next_due"
    }

    /// - Parameters:
    ///   - waiting: what the queue's file tells; nil where a worker does.
    ///   - sum: what all workers have counted.
    init(_ waiting: DelayedFigures?, _ alive: [WorkerFigures], _ sum: PageValues) {
      // Of several workers one looks after them; who has just taken that over may tell the same.
      let told = alive.max {
        $0.values[PageLayout.delayedWaitingCell] < $1.values[PageLayout.delayedWaitingCell]
      }
      let due = told?.values[PageLayout.delayedNextDueCell] ?? 0
      self.waiting =
        waiting.map { UInt64($0.waitingCount) }
        ?? told?.values[PageLayout.delayedWaitingCell] ?? 0
      nextDue = waiting.map(\.nextDue) ?? (due == 0 ? nil : Int64(clamping: due))
      dropped = sum[PageLayout.delayedDroppedCell]
    }
  }

  private enum CodingKeys: String, CodingKey {
    case version, durability, queue, workers, streams, deliveries, bytes, gaps, replays, publishes,
      groups, keys, delayed, access
    case uptimeSeconds = "uptime_seconds"
    case lagMilliseconds = "lag_ms"
    case paceMilliseconds = "pace_ms"
  }

  /// Reads a queue and the pages of its workers without taking part: permission to read is enough,
  /// and no worker has to run.
  ///
  /// - Throws: `noQueue`, `notAQueue`, `unknownFormat`, `system`.
  public init(readingQueueAt path: FilePath) throws(QueueError) {
    let figures = try QueueFigures(readingQueueAt: path)
    let workers: [WorkerFigures]
    do { workers = try WorkerFigures.all(in: Queue.workersPath(in: path)) } catch {
      throw .system(error)
    }
    // Nobody looks after what waits.
    let waiting =
      workers.contains(where: \.isAlive) ? nil : try DelayedListing.figures(ofQueueAt: path)
    self.init(figures, workers, try Self.groups(ofQueueAt: path, figures), waiting)
  }

  private static func groups(
    ofQueueAt path: FilePath, _ queue: QueueFigures
  ) throws(QueueError) -> [GroupFigures] {
    do { return try GroupFolder(ofQueueAt: path).figures(in: queue) } catch {
      throw QueueError(error)
    }
  }

  /// The report of what a queue, its workers and its groups tell.
  ///
  /// - Parameter waiting: what the queue's file tells of events that wait; nil where a worker runs.
  package init(
    _ queue: QueueFigures, _ workers: [WorkerFigures], _ groups: [GroupFigures] = [],
    _ waiting: DelayedFigures? = nil, access: AccessReport? = nil
  ) {
    self.groups = groups
    self.access = access
    let alive = workers.filter(\.isAlive)
    let oldest = alive.min { $0.startedAt < $1.startedAt }
    var sum = PageValues()
    for worker in workers { sum.add(worker.values) }
    version = Version.current
    durability = oldest?.durability?.rawValue
    self.queue = QueueStatus(queue)
    self.workers = alive.count
    uptimeSeconds = oldest.map { Int(max(0, Clock.unixMilliseconds() &- $0.startedAt) / 1000) }
    streams = StreamStatus(
      open: sum.openStreamCount, live: sum[.streamsLive], behind: sum.behindStreamCount,
      opened: sum[.streamsOpened],
      refused: StreamRefusal.allCases.reduce(0) { $0 &+ sum[PageLayout.cell($1)] })
    deliveries = sum[.deliveries]
    bytes = sum[.sentBytes]
    lagMilliseconds = Quantiles(.lag, sum)
    let pace = alive.flatMap { worker in PageLayout.paceCells.map { worker.values[$0] } }.max() ?? 0
    paceMilliseconds = Double(pace / 1000) / 1000
    gaps = GapReason.allCases.reduce(0) { $0 &+ sum[PageLayout.cell($1)] }
    replays = ReplayStatus(streams: sum[.replays], events: sum[.replayedEvents])
    publishes = PublishStatus(
      acknowledged: Histogram.publish.count(in: sum),
      refused: sum[PageLayout.publishesRefusedCell], latencyMicroseconds: Quantiles(.publish, sum))
    keys = KeyStatus(
      remembered: alive.map { $0.values[PageLayout.keysCell] }.max() ?? 0,
      maximum: QueueLimits.keyCountMaximum)
    delayed = DelayedStatus(waiting, alive, sum)
  }

  /// The report as a line of JSON, with its newline.
  public var json: [UInt8] { JSON.encode(self) }
}
