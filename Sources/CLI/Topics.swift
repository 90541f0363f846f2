import ArgumentParser
import Figures
import FileQueue

/// The command `weir topics`.
struct Topics: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what a queue holds of its topics, or delete one.",
    discussion: """
      Prints a line for each topic: its newest event, its events and their bytes, how many of them were \
      published in the last minute, and whether it has ended. weir may serve the queue meanwhile.

        weir topics --queue /var/lib/weir/queue --sort bytes 'jobs.>'

      --delete hides all events of a topic from who comes later, and lets one that has ended begin anew.
      """)

  /// By what the topics are sorted.
  enum Order: String, CaseIterable, ExpressibleByArgument {
    case name, newest, events, bytes, rate
  }

  @OptionGroup var queueOption: QueueOption

  @Argument(
    help: ArgumentHelp(
      "Only these topics: '*' stands for a part between dots, '>' for the rest. All without it.",
      valueName: "topic"))
  var patterns: [String] = []

  @Option(help: "name, newest, events, bytes or rate; the highest number comes first.")
  var sort = Order.name

  @Option(help: ArgumentHelp("Print only so many.", valueName: "number"))
  var limit: Int?

  @Flag(help: "Print the JSON that GET /topics answers with.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Delete this topic, and print the id up to which its events are hidden.", valueName: "topic"))
  var delete: String?

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is a number from 1 on.") }
    if delete != nil, json || limit != nil || !patterns.isEmpty || sort != .name {
      throw ValidationError("--delete takes one topic and nothing else.")
    }
  }

  func run() throws {
    try reportingFailures {
      if let delete { return try run(deleting: try Topic(delete)) }
      let queue = try queueOption.openForReading()
      var listing = TopicListing(queue)
      let filter = patterns.isEmpty ? nil : try TopicFilter(patterns)
      let isByName = sort == .name
      let page = try listing.page(
        TopicQuery(filter: filter, countMaximum: isByName ? limit ?? .max : .max))
      let topics = Array(sorted(page.topics).prefix(limit ?? .max))
      let report = TopicListReport(
        TopicPage(topics: topics, hasMore: isByName && page.hasMore), epochs: queue.epochs)
      try StandardOutput.write(json ? report.json : Array(Self.table(report).utf8))
    }
  }

  private func run(deleting topic: Topic) throws {
    let queue = try queueOption.open(creating: false)
    var appender = try Appender(queue)
    let id = queue.epochs.id(of: try appender.delete([topic]) - 1)
    try StandardOutput.write("\(id)\n", afterwards: "the events up to \(id) are hidden")
  }

  private func sorted(_ topics: [TopicFigures]) -> [TopicFigures] {
    switch sort {
    case .name: topics
    case .newest: topics.sorted { $0.newest > $1.newest }
    case .events: topics.sorted { $0.eventCount > $1.eventCount }
    case .bytes: topics.sorted { $0.byteCount > $1.byteCount }
    case .rate: topics.sorted { $0.lastMinuteCount > $1.lastMinuteCount }
    }
  }

  private static func table(_ report: TopicListReport) -> String {
    var rows = [["topic", "newest", "events", "bytes", "last minute", ""]]
    rows += report.topics.map {
      [
        $0.topic, $0.newest, "\($0.events)", "\($0.bytes)", "\($0.eventsLastMinute)",
        $0.ended ? "ended" : "",
      ]
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, text) in row.enumerated() {
        let room = String(repeating: " ", count: widths[column] - text.count)
        // Numbers end in a line, texts begin in one.
        line += (2...4).contains(column) ? room + text + "  " : text + room + "  "
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
