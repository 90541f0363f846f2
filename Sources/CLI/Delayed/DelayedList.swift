import ArgumentParser
import Figures
import FoundationEssentials

/// The command `weir delayed list`.
struct DelayedList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Tell which events wait, in the order in which they are due.",
    discussion: "Needs no more than permission to read.")

  @OptionGroup var target: EventTarget

  @Flag(help: "Print a JSON object a line for each event, as in the list of GET /publish/delayed.")
  var json = false

  func run() throws {
    try reportingFailures {
      var isFirst = true
      try target.forEachDelayedPage { page in
        if json {
          try StandardOutput.write(Array(page.delayed.map { JSON.encode($0) }.joined()))
        } else {
          try StandardOutput.write(Self.table(page.delayed, isFirst: isFirst))
        }
        isFirst = false
      }
    }
  }

  /// A line for each event, under a line of names.
  private static func table(_ events: [DelayedReport.Entry], isFirst: Bool) -> String {
    if events.isEmpty { return isFirst ? "no event waits\n" : "" }
    let head = isFirst ? "due                       id                topic, data\n" : ""
    return head + events.map { "\(line($0))\n" }.joined()
  }

  private static func line(_ event: DelayedReport.Entry) -> String {
    let topics = event.topic ?? event.topics?.joined(separator: ",") ?? ""
    return "\(time(event.due))  \(event.delayed)  \(topics)  ".printable + excerpt(of: event.data)
      + (event.publishing == true ? "  (is being published)" : "")
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
    return String(String.UnicodeScalarView(line.unicodeScalars.prefix(60))).printable
      + (line.unicodeScalars.count > 60 || line.count < text.count ? "…" : "")
  }
}
