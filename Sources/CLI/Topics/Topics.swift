import ArgumentParser
import Figures
import FileQueue

/// The command `weir topics`.
struct Topics: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what is kept of each topic, or delete one.",
    discussion: """
      Prints a line for each topic: its newest event, its events and their bytes, how many of them were \
      published in the last minute, and whether it has ended. weir may serve the queue meanwhile; a site \
      tells programs of its own machine only.

        weir topics --queue /var/lib/weir/queue --sort bytes 'jobs.>'
        weir topics --url http://localhost:8080 --json

      --delete hides all events of a topic from who comes later, and lets one that has ended begin anew.
      """)

  /// By what the topics are sorted.
  enum Order: String, CaseIterable, ExpressibleByArgument {
    case name, newest, events, bytes, rate
  }

  @OptionGroup var target: EventTarget

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
      if let delete {
        let id = try target.delete(try Topic(delete)).printable
        return try StandardOutput.write(
          "\(id)\n", afterwards: "the events up to \(id) are hidden")
      }
      let filter = patterns.isEmpty ? nil : try TopicFilter(patterns)
      // By another order than that of names all have to be there first.
      let isByName = sort == .name
      let listed = try target.topics(filter, countMaximum: isByName ? limit ?? .max : .max)
      let topics = Array(sorted(listed.topics).prefix(limit ?? .max))
      let report = TopicListReport(topics, next: isByName ? listed.next : nil)
      try StandardOutput.write(json ? report.json : Array(Self.table(report).utf8))
    }
  }

  private func sorted(_ topics: [TopicReport]) -> [TopicReport] {
    switch sort {
    case .name: topics
    case .newest:
      topics.map { (sequence: EventID($0.newest)?.sequence ?? 0, topic: $0) }
        .sorted { $0.sequence > $1.sequence }.map(\.topic)
    case .events: topics.sorted { $0.events > $1.events }
    case .bytes: topics.sorted { $0.bytes > $1.bytes }
    case .rate: topics.sorted { $0.eventsLastMinute > $1.eventsLastMinute }
    }
  }

  private static func table(_ report: TopicListReport) -> String {
    var table = TextTable(
      ["topic", "newest", "events", "bytes", "last minute", ""], numbers: [2, 3, 4])
    for topic in report.topics {
      table.add([
        topic.topic, topic.newest, "\(topic.events)", "\(topic.bytes)",
        "\(topic.eventsLastMinute)", topic.ended ? "ended" : "",
      ])
    }
    return table.text
  }
}
