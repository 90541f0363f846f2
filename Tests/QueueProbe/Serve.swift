import ArgumentParser
import FileQueue
import SystemPackage

/// The command `QueueProbe serve`.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Do what the lines of standard input say, with any number of queues.",
    discussion: """
      A line is a verb and its arguments; each is answered with a line of JSON, which has a member
      'error' where it failed.

        open DIRECTORY                   opens the queue, makes it if need be, and keeps it open
        append DIRECTORY NAME BATCHES    appends to it
        read DIRECTORY                   reads all of it, in order and by seeking each event
        check DIRECTORY                  what QueueCheck finds
        close DIRECTORY                  closes it
        publish DIRECTORY                publishes the delayed events that are due, checks and reads
        verify DIRECTORY [NAME BATCHES]  all of it, in this order: open, check, read, append, read
      """)

  func run() throws {
    var queues = OpenQueues()
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      let answer: [(String, JSON)]
      do {
        answer = try queues.answer(words)
      } catch let error as QueueError {
        answer = [("error", .text(error.line))]
      }
      try Output.write(line: JSON.object(answer).description)
    }
  }
}

/// The queues that `serve` keeps open, and what it does with them.
struct OpenQueues {
  private var queues: [String: Queue] = [:]

  /// Does what a line says and tells what came of it.
  mutating func answer(_ words: [String]) throws -> [(String, JSON)] {
    guard words.count > 1 else { throw ValidationError("a line is a verb and a directory") }
    let path = words[1]
    switch words[0] {
    case "open":
      let queue = try Queue(at: FilePath(path), creating: true)
      queues[path] = queue
      return [("recovery", .list(queue.recovery.findings.map { .text($0) }))]
    case "append": return try append(Array(words.dropFirst(2)), to: try queue(path))
    case "read": return Self.members(of: try read(try queue(path)))
    case "check": return try check(path)
    case "close":
      queues[path] = nil
      return []
    case "publish": return try publish(path)
    case "verify": return try verify(path, appending: Array(words.dropFirst(2)))
    default: throw ValidationError("\(words[0]) is no verb")
    }
  }

  private func queue(_ path: String) throws -> Queue {
    guard let queue = queues[path] else { throw ValidationError("\(path) is not open") }
    return queue
  }

  private func append(_ words: [String], to queue: Queue) throws -> [(String, JSON)] {
    guard words.count == 2, let count = Int(words[1]) else {
      throw ValidationError("append takes a name and a number")
    }
    var appender = try Appender(queue, segmentByteCountMaximum: 2000)
    var acknowledged: [JSON] = []
    for batch in ProbeBatches(writer: words[0], count: count, sizeMaximum: 4) {
      let sequences = try appender.append(try batch.map { try $0.pending() }).sequences
      acknowledged.append(.list([.number(sequences.lowerBound), .number(sequences.upperBound)]))
    }
    return [("acknowledged", .list(acknowledged))]
  }

  /// Reads in order, then seeks each event by its sequence: both have to give the same.
  private func read(_ queue: Queue) throws -> EventLog {
    var log = EventLog()
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: try queue.oldestSequence())
    try log.read(&reader, of: queue, from: &cursor)
    for entry in log.entries {
      var sought = EventLog()
      var place = try reader.cursor(at: entry.sequence)
      try sought.read(&reader, of: queue, from: &place, upTo: entry.sequence + 1)
      guard sought.entries == [entry] else {
        throw QueueError.damaged(
          segment: "the queue", offset: 0,
          reason: "event \(entry.sequence) is read in order, but sought it is \(sought)")
      }
    }
    try checkEnds(log, queue)
    return log
  }

  /// A topic has ended if the queue has an event that says so, and no other has.
  private func checkEnds(_ log: EventLog, _ queue: Queue) throws {
    for (topic, sequence) in log.ends
    where queue.end(of: [topic], before: queue.durableNext) != sequence {
      throw QueueError.damaged(
        segment: "the queue", offset: 0,
        reason: "event \(sequence) has ended '\(topic)', and nobody knows")
    }
    // What is not on disk may have ended a topic too, and nobody knows what comes of it.
    var listing = TopicListing(queue)
    let topics = try listing.page(TopicQuery(countMaximum: .max)).topics
    let endedCount = topics.count { $0.hasEnded }
    guard endedCount == log.ends.count || !log.gaps.isEmpty else {
      throw QueueError.damaged(
        segment: "the queue", offset: 0,
        reason: "\(endedCount) topics have ended, by \(log.ends.count) events")
    }
  }

  private func publish(_ path: String) throws -> [(String, JSON)] {
    let queue = try Queue(at: FilePath(path), creating: true)
    let events = try DelayedEvents(queue)
    let isDone = try events.waitUntilPublished(patience: .seconds(4))
    let failures = events.stop() + (isDone ? [] : ["events wait whose time has come"])
    var listing = try DelayedListing(readingAt: queue.path)
    let waiting = try listing.page(countMaximum: 1000).events.map { JSON.text($0.data) }
    return try check(path) + Self.members(of: try read(queue)) + [
      ("waiting", .list(waiting)), ("failures", .list(failures.map { .text($0) })),
    ]
  }

  private func check(_ path: String) throws -> [(String, JSON)] {
    var findings: [JSON] = []
    try QueueCheck(FilePath(path)).run { (finding: QueueFinding) in
      switch finding {
      case .segment, .total, .delayed, .quarantined: break
      default: findings.append(.text("\(finding)"))
      }
    }
    return [("check", .list(findings))]
  }

  private func verify(_ path: String, appending words: [String]) throws -> [(String, JSON)] {
    let queue = try Queue(at: FilePath(path), creating: true)
    var answer = [("recovery", JSON.list(queue.recovery.findings.map { .text($0) }))]
    answer += try check(path)
    let log = try read(queue)
    answer += Self.members(of: log)
    answer.append(("epoch", .text(queue.epochs.currentDigits)))
    guard !words.isEmpty else { return answer }
    answer += try append(words, to: queue)
    let longer = try read(queue)
    guard longer.gaps == log.gaps, longer.entries.starts(with: log.entries) else {
      throw QueueError.damaged(
        segment: "the queue", offset: 0, reason: "an append changed what had been read before")
    }
    answer.append(("appended", Self.events(longer.entries.dropFirst(log.entries.count))))
    return answer
  }

  private static func members(of log: EventLog) -> [(String, JSON)] {
    [
      ("events", events(log.entries[...])),
      ("gaps", .list(log.gaps.map { .text("\($0.missing) \($0.reason)") })),
      ("hidden", .list(log.hidden.map { .number($0) })),
    ]
  }

  private static func events(_ entries: ArraySlice<EventLog.Entry>) -> JSON {
    .list(entries.map { .list([.number($0.sequence), .text($0.data)]) })
  }
}
