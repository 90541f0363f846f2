import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// Where a run's events come from.
struct EventSource: ParsableArguments {
  @Option(
    help: ArgumentHelp("Publish over HTTP there, to the topic of the streams.", valueName: "url"))
  var publishURL: Endpoint?

  @Option(help: "Publish over HTTP on so many connections at a time at most.")
  var publishConnections = 64

  @Option(
    help: ArgumentHelp(
      "Publish to weir over HTTP there, as the lines of one body that goes on.", valueName: "url"))
  var publishLinesURL: Endpoint?

  @Option(
    help: ArgumentHelp("Publish straight into this queue, from this process.", valueName: "path"))
  var publishQueue: String?

  @Option(
    help: ArgumentHelp(
      "Publish into the queue under this topic; --topics-per-stream counts on from it.",
      valueName: "name"))
  var topic = "load"

  @Option(
    help: ArgumentHelp(
      "Have the hub make the events: it is sent the first one, with rate and count as the query.",
      valueName: "url"))
  var generateURL: Endpoint?

  func validate() throws {
    let count = [
      publishURL != nil, publishLinesURL != nil, publishQueue != nil, generateURL != nil,
    ].count { $0 }
    guard count == 1 else {
      throw ValidationError(
        "Name one of --publish-url, --publish-lines-url, --publish-queue and --generate-url.")
    }
    guard (1...1000).contains(publishConnections) else {
      throw ValidationError("--publish-connections is a number from 1 to 1000.")
    }
  }

  /// Starts a thread that publishes the events of `loop`.
  ///
  /// - Parameter topicCount: 0 for the one topic; else events go round so many.
  func start(
    _ loop: OpenLoop, dialect: Dialect, stamp: Stamp, topicCount: Int, deadline: Deadline
  ) throws -> PublishThread {
    if let publishURL {
      let connectionCount = publishConnections
      return try PublishThread(
        { tally in
          var pool = try PublishPool(
            to: publishURL, dialect: dialect, count: connectionCount, stamp: stamp)
          try loop.run(&pool, &tally, deadline: deadline)
        }, dialect: dialect)
    }
    if let publishLinesURL {
      return try PublishThread(
        { tally in
          var publisher = try LinesPublisher(to: publishLinesURL, stamp: stamp)
          try publisher.run(loop, &tally, deadline: deadline)
        }, dialect: dialect)
    }
    if let publishQueue {
      let path = FilePath(publishQueue)
      let topics = try Self.names(topic, count: topicCount).map { try Topic($0) }
      return try PublishThread(
        { tally in
          var publisher = try QueuePublisher(to: path, topics: topics, stamp: stamp)
          try publisher.run(loop, &tally, deadline: deadline)
        }, dialect: dialect)
    }
    guard let generateURL else { throw Failure("no source of events is named") }
    let endpoint = generateURL.with(query: "rate=\(loop.rate)&count=\(loop.eventCount)")
    return try PublishThread(
      { tally in try Self.generate(endpoint, loop, &tally, stamp: stamp, deadline: deadline) },
      dialect: dialect)
  }

  /// The names of `count` topics; the plain one where `count` is 0.
  static func names(_ topic: String, count: Int) -> [String] {
    count == 0 ? [topic] : (0..<count).map { "\(topic).\($0)" }
  }

  /// Asks the hub for the events; they are published when the last one is due.
  private static func generate(
    _ endpoint: Endpoint, _ loop: OpenLoop, _ tally: inout PublishTally, stamp: Stamp,
    deadline: Deadline
  ) throws {
    var pool = try PublishPool(to: endpoint, dialect: .plain, count: 1, stamp: stamp)
    tally.startNanoseconds = loop.startNanoseconds
    pool.begin(number: 0, nanoseconds: loop.startNanoseconds)
    let answers = try pool.wait(timeout: deadline.remaining)
    guard case .acknowledged = answers.first?.outcome else {
      throw Failure("\(endpoint.path) makes no events: see the hub's log")
    }
    tally.lastSentNanoseconds = loop.dueNanoseconds(of: loop.eventCount - 1)
    let end = min(tally.lastSentNanoseconds, deadline.nanoseconds)
    Clock.pause(Duration(nanoseconds: max(0, end - Clock.monotonicNanoseconds())))
    tally.add(
      numbers: 0..<loop.eventCount, sequences: 1..<UInt64(loop.eventCount) + 1, epoch: 0)
  }
}
