import ArgumentParser
import Figures
import FileQueue
import FoundationEssentials
import SystemPackage

/// The command `weir delayed list`.
struct DelayedList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Tell which events wait, in the order in which they are due.",
    discussion: "Needs no more than permission to read.")

  @OptionGroup var queueOption: QueueOption

  @Flag(help: "Print a JSON object a line for each event, as in the list of GET /publish/delayed.")
  var json = false

  /// Events that are read and printed at once.
  private static let pageEventCount = 1000

  func run() throws {
    try reportingFailures {
      var listing = try DelayedListing(readingAt: FilePath(queueOption.queue))
      var last: DelayedTurn?
      var isFirst = true
      repeat {
        let page = try listing.page(behind: last, countMaximum: Self.pageEventCount)
        if json {
          let lines = page.events.map { JSON.encode(DelayedReport.Entry($0)) }
          try StandardOutput.write(Array(lines.joined()))
        } else {
          try StandardOutput.write(Self.table(page.events, isFirst: isFirst))
        }
        isFirst = false
        last = page.next
      } while last != nil
    }
  }

  /// A line for each event, under a line of names.
  private static func table(_ events: [WaitingEvent], isFirst: Bool) -> String {
    if events.isEmpty { return "no event waits\n" }
    let head = isFirst ? "due                       id                topic, data\n" : ""
    return head + events.map { "\(line($0))\n" }.joined()
  }

  private static func line(_ event: WaitingEvent) -> String {
    let topics = event.topics.map(\.text).joined(separator: ",")
    return "\(time(event.due))  \(event.id)  \(topics)  \(excerpt(of: event.data))"
      + (event.isBeingPublished ? "  (is being published)" : "")
  }

  /// In UTC, to the millisecond.
  private static func time(_ unixMilliseconds: Int64) -> String {
    let date = Date(timeIntervalSince1970: Double(unixMilliseconds / 1000))
    let milliseconds = "\(unixMilliseconds % 1000)"
    let zeros = String(repeating: "0", count: 3 - milliseconds.count)
    return "\(date.formatted(.iso8601).dropLast()).\(zeros)\(milliseconds)Z"
  }

  /// The beginning of a text, in one line.
  private static func excerpt(of text: String) -> String {
    let line = text.prefix { !$0.isNewline }
    let begin = line.unicodeScalars.prefix(60).filter { $0.properties.generalCategory != .control }
    return String(String.UnicodeScalarView(begin))
      + (line.unicodeScalars.count > 60 || line.count < text.count ? "…" : "")
  }
}
