import ArgumentParser
import Figures
import FileQueue

/// The command `weir groups list`.
struct GroupsList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Tell where the groups are.",
    discussion: """
      A line for each group: the id up to which events are taken up, how many wait behind it, how many \
      a member has that it has not acknowledged, its members, and how many were given again. Needs no more \
      than permission to read; no worker has to run.
      """)

  @OptionGroup var target: EventTarget

  @Flag(help: "Print the JSON that GET /groups answers with.")
  var json = false

  /// What `GET /groups` answers with.
  private struct Report: Codable {
    let groups: [GroupFigures]
  }

  func run() throws {
    try reportingFailures {
      let report = try report()
      try StandardOutput.write(
        json ? JSON.encode(report) : Array(Self.table(report.groups).utf8))
    }
  }

  private func report() throws -> Report {
    if let hub = try target.hub() {
      return try RemoteHub.decode(Report.self, try hub.ask("/groups"))
    }
    let queue = try QueueFigures(readingQueueAt: target.path)
    return Report(groups: try GroupFolder(ofQueueAt: target.path).figures(in: queue))
  }

  private static func table(_ groups: [GroupFigures]) -> String {
    var table = TextTable(
      ["group", "topics", "place", "waiting", "given", "members", "redelivered"],
      numbers: [3, 4, 5, 6])
    for group in groups {
      table.add([
        group.group, group.topics.joined(separator: ","), group.place, "\(group.waiting)",
        "\(group.given)", "\(group.members)", "\(group.redelivered)",
      ])
    }
    return table.text
  }
}
