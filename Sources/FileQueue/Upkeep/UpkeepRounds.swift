import Kernel
import SystemPackage

/// What ``Upkeep`` does, round by round; belongs to its thread.
struct UpkeepRounds: ~Copyable {
  private let queue: Queue
  private var retention: Retention
  private let keyWindow: Duration
  private let report: Upkeep.Report
  private var appender: Appender
  private let lock: FileLock
  private var holdsLock = false
  private var round = 0
  /// What each segment holds; sealed ones are looked at once.
  private var known: [SegmentName: Retention.Segment] = [:]
  /// Sealed segments whose derived files are right.
  private var lookedAfter: Set<SegmentName> = []
  /// With more lines the file `topics` is looked at.
  private var topicLineCountMaximum = QueueLimits.topicLogLineCountMinimum
  /// The oldest event when ended topics were looked at that may be forgotten.
  private var forgottenUpTo: UInt64 = 0
  private var lastLag: (appended: UInt64, durable: UInt64) = (0, 0)
  private var failures = FailureReports()
  private var groups = GroupUpkeep()
  private let clocks: ClockSources
  private var clockWatch: ClockWatch
  private var keyAges: KeyAges

  init(
    _ queue: Queue, retention: Retention, keyWindow: Duration = QueueLimits.keyWindow,
    clocks: ClockSources = ClockSources(steady: Clock.monotonicNanoseconds),
    report: @escaping Upkeep.Report
  ) throws(QueueError) {
    let lock = try mapping { () throws(SystemCallError) in
      FileLock(try queue.directory.open(queue.directory.upkeepPath, .createIfMissing))
    }
    let appender = try Appender(queue)
    let wall = clocks.wall()
    let lastKnown = try Self.lastKnownTime(of: queue, wall: wall)
    self.queue = queue
    self.retention = retention
    self.keyWindow = keyWindow
    self.report = report
    self.lock = lock
    self.appender = appender
    self.clocks = clocks
    clockWatch = ClockWatch(lastKnown: lastKnown, wall: wall, monotonic: clocks.steady())
    keyAges = KeyAges(clocks)
    let end = queue.tail.observedEnd()
    keyAges.begin(
      next: queue.durableNext, lastTime: end?.unixMilliseconds ?? lastKnown, isDoubted: true)
    if let age = retention.ageMaximum, clockWatch.aheadBy > age {
      report(false, Self.text(of: .ahead(clockWatch.aheadBy), isStart: true))
    }
  }

  /// When the queue was last written to, as far as the wall clock has come there; where it is empty, now.
  private static func lastKnownTime(of queue: Queue, wall: Int64) throws(QueueError) -> Int64 {
    let segments = try queue.directory.segments()
    guard let last = segments.last(where: { $0.first < queue.durableNext }) else { return wall }
    var reader = QueueReader(queue)
    let published = try reader.time(ofEventBefore: queue.durableNext, in: last) ?? wall
    if published > wall { return wall }
    // Recovery, which cuts a torn tail, writes too.
    if queue.recovery.tornByteCount > 0 { return published }
    return max(published, modifiedTime(of: last, in: queue.directory) ?? 0)
  }

  /// When a segment's text was last written to, in milliseconds since 1970; nil where it is gone.
  private static func modifiedTime(
    of segment: SegmentName, in directory: QueueDirectory
  ) -> Int64? {
    try? FileStatus(of: directory.textPath(segment)).modifiedUnixMilliseconds
  }

  /// Waits for the next round; returns whether there is none.
  func isStopped(_ waker: Waker) -> Bool {
    (try? waker.wait(timeout: QueueLimits.upkeepInterval)) ?? false
  }

  /// Keeps so much from now on.
  mutating func keep(_ retention: Retention) { self.retention = retention }

  /// Looks at the clocks, in every round: a pause would be taken for a jump.
  mutating func lookAtClocks() {
    keyAges.look(next: queue.durableNext)
    guard let finding = clockWatch.look(wall: clocks.wall(), monotonic: clocks.steady()) else {
      return
    }
    report(false, Self.text(of: finding, isStart: false))
  }

  /// Does what there is to do; what fails is tried again in the next round.
  mutating func run() {
    lookAtClocks()
    if queue.tail.hasFailed {
      let error = QueueError.readOnly(reason: "a write or a sync to the disk has failed")
      if let text = failures.report(error, now: clocks.steady()) { report(true, text) }
    }
    attempt { (rounds) throws(QueueError) in try rounds.synchronizeLeftOver() }
    round += 1
    guard round % QueueLimits.upkeepRoundsPerRetention == 1 else { return }
    attempt { (rounds) throws(QueueError) in try rounds.keepRetention() }
  }

  /// Does one thing, and returns whether it is done; what fails is told, and holds up nothing else.
  @discardableResult
  private mutating func attempt(
    _ body: (inout UpkeepRounds) throws(QueueError) -> Void
  ) -> Bool {
    do throws(QueueError) { try body(&self) } catch {
      if let text = failures.report(error, now: clocks.steady()) { report(true, text) }
      return false
    }
    return true
  }

  /// Events that were appended, but whose process died before it synced them, are put on disk once
  /// the durable end has not moved for a round.
  private mutating func synchronizeLeftOver() throws(QueueError) {
    guard let end = queue.tail.observedEnd() else { return }
    let durable = queue.durableNext
    let isStuck = durable < end.next && lastLag == (end.next, durable)
    lastLag = (end.next, durable)
    guard isStuck, !queue.tail.hasFailed else { return }
    try appender.synchronize()
    if queue.durableNext >= end.next {
      report(
        false, "put events \(durable) to \(end.next - 1) on disk, whose process did not get to it")
    }
  }

  private mutating func keepRetention() throws(QueueError) {
    if !holdsLock {
      holdsLock = try mapping { () throws(SystemCallError) in try lock.tryLock() }
      guard holdsLock else { return }
    }
    let now = clockWatch.now
    // On a full disk it fails, and what makes room comes next.
    attempt { (rounds) throws(QueueError) in try rounds.sealOld(now: now) }
    attempt { (rounds) throws(QueueError) in try rounds.removeOld(now: now) }
    let segments = try queue.directory.segments()
    if round % QueueLimits.upkeepRoundsPerKeyRemoval == 1 {
      attempt { (rounds) throws(QueueError) in try rounds.removeOldKeys(segments) }
    }
    groups.run(queue.groups, now: now, monotonic: clocks.steady(), report)
    attempt { (rounds) throws(QueueError) in
      try rounds.tidyTopics(oldest: segments.first?.first ?? rounds.queue.durableNext)
    }
    lookAfterSealed(segments)
  }

  /// Begins another segment where all of the last one is too old.
  private mutating func sealOld(now: Int64) throws(QueueError) {
    guard let last = try queue.directory.segments().last, !queue.tail.hasFailed,
      try retention.wantsSealed(
        contents(of: last, next: queue.durableNext), now: now, wall: clocks.wall())
    else { return }
    try appender.seal()
  }

  /// Makes the file `topics` anew where most of it is of no use any more, or more topics have ended than are
  /// remembered.
  private mutating func tidyTopics(oldest: UInt64) throws(QueueError) {
    let countMaximum = QueueLimits.endedTopicCountMaximum
    let isOver = queue.endedTopicCount > countMaximum && oldest > forgottenUpTo
    let lineCount = queue.topicStates.lineCount
    guard isOver || lineCount > topicLineCountMaximum else { return }
    forgottenUpTo = oldest
    topicLineCountMaximum = 2 * lineCount
    var needed = 0
    var forgotten = 0
    try appender.tidyTopics(oldest: oldest) {
      (needed, forgotten) = ($0, $1)
      return forgotten > 0 || lineCount > 2 * needed
    }
    topicLineCountMaximum = max(QueueLimits.topicLogLineCountMinimum, 2 * needed)
    if forgotten > 0 {
      report(
        false,
        "forgot that \(forgotten) topics have ended, the oldest, whose events are gone: more than "
          + "\(countMaximum) topics have ended")
    }
  }

  private mutating func removeOld(now: Int64) throws(QueueError) {
    var segments = try queue.directory.segments()
    var contents: [Retention.Segment] = []
    for (place, segment) in segments.enumerated() {
      let next = place + 1 < segments.count ? segments[place + 1].first : queue.durableNext
      contents.append(try self.contents(of: segment, next: next))
    }
    let count = retention.removableCount(contents, now: now)
    if count > 0 {
      try mapping { () throws(SystemCallError) in
        try queue.tail.raiseOldestKept(to: segments[count].first)
      }
    }
    for _ in 0..<count {
      let segment = segments.removeFirst()
      try mapping { () throws(SystemCallError) in
        try queue.directory.remove(segment, keepsKeys: true)
      }
      known.removeValue(forKey: segment)
      lookedAfter.remove(segment)
      report(false, "removed \(segment.textFile), which retention does not keep")
    }
  }

  /// Removes the keys of events that are gone, when nobody asks for them any more: as at the newest event, because
  /// who comes back after a long time asks for what was known then.
  private mutating func removeOldKeys(_ segments: [SegmentName]) throws(QueueError) {
    guard let oldest = segments.first, let end = queue.tail.observedEnd() else { return }
    let directory = queue.directory
    let kept = max(keyWindow, QueueLimits.keyAgeMinimum).wholeMilliseconds
    let newest = keyAges.age(of: end.next - 1, publishedAt: end.unixMilliseconds)
    // No event was published later than one that follows it.
    var time = end.unixMilliseconds
    for segment in try directory.keyedSegments().sorted(by: >) where segment < oldest {
      try mapping { () throws(SystemCallError) in
        if let seal = try KeyFile(reading: segment, in: directory)?.seal(), seal.content > 0 {
          time = min(time, seal.unixMilliseconds)
          let age = keyAges.age(of: seal.sequence &- 1, publishedAt: time)
          if age - newest <= kept { return }
        }
        try FileSystem.unlink(directory.keysPath(segment))
      }
    }
  }

  /// Makes the tables and the keys of sealed segments that have none, and mends their indexes; each segment is
  /// looked at once, unless something fails.
  private mutating func lookAfterSealed(_ segments: [SegmentName]) {
    for (segment, follower) in zip(segments, segments.dropFirst())
    where !lookedAfter.contains(segment) {
      let isIndexRight = attempt { (rounds) throws(QueueError) in
        try mapping { () throws(SystemCallError) in
          try rounds.mendIndex(of: segment, next: follower.first)
        }
      }
      let areKeysRight = attempt { (rounds) throws(QueueError) in
        try mapping { () throws(SystemCallError) in
          try rounds.mendKeys(of: segment, next: follower.first)
        }
      }
      if isIndexRight, areKeysRight { lookedAfter.insert(segment) }
    }
  }

  private func mendIndex(of segment: SegmentName, next: UInt64) throws(SystemCallError) {
    let (directory, epochs) = (queue.directory, queue.epochs)
    if try TopicTable.open(segment, in: directory, next: next) == nil {
      _ = try TopicTableBuilder.build(segment, next: next, in: directory, epochs: epochs)
    }
    guard let table = try TopicTable.open(segment, in: directory, next: next) else { return }
    if try SegmentIndex.mend(segment, checksum: table.indexChecksum, in: directory, epochs: epochs)
    {
      report(false, "made \(segment.indexFile) anew, which was wrong")
    }
  }

  private func mendKeys(of segment: SegmentName, next: UInt64) throws(SystemCallError) {
    if try KeyFile.isSealed(segment, next: next, in: queue.directory) { return }
    _ = try KeyFile.rebuild(segment, next: next, in: queue.directory, epochs: queue.epochs)
  }

  /// What the log is told of a clock.
  private static func text(of finding: ClockWatch.Finding, isStart: Bool) -> String {
    let rule =
      "retention by age believes it when it has stayed so for "
      + QueueLimits.clockPatience.inWords
    return switch finding {
    case .ahead(let lead) where isStart:
      "the clock is \(lead.inWords) ahead of the queue's newest event: \(rule)"
    case .ahead(let lead):
      "the clock has jumped ahead by \(lead.inWords): \(rule)"
    case .right: "the clock has been set right"
    case .believed(let lead):
      "the clock has stayed ahead by \(lead.inWords): retention by age believes it now"
    case .setBack(let step):
      "the clock was set back by \(step.inWords): later events get earlier times"
    }
  }

  private mutating func contents(
    of segment: SegmentName, next: UInt64
  ) throws(QueueError) -> Retention.Segment {
    let isLast = next == queue.durableNext
    if !isLast, let contents = known[segment] { return contents }
    var reader = QueueReader(queue)
    let first = try reader.time(ofFirstIn: segment) ?? 0
    let last = try reader.time(ofEventBefore: next, in: segment) ?? first
    let contents = Retention.Segment(
      byteCount: try queue.directory.byteCount(of: segment),
      eventCount: Int(clamping: max(next, segment.first) - segment.first),
      firstTime: first, lastTime: last,
      modifiedTime: Self.modifiedTime(of: segment, in: queue.directory) ?? .max)
    if !isLast, lookedAfter.contains(segment) { known[segment] = contents }
    return contents
  }
}
