import ArgumentParser
import Figures
import FileQueue
import SystemPackage

/// The command `weir groups`.
struct Groups: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell where the groups of a queue are, which share its events.",
    discussion: """
      A line for each group: the id up to which events are taken up, how many wait behind it, how many \
      a member has that it has not acknowledged, its members, and how many were given again. Needs no more \
      than permission to read; no worker has to run.

        weir groups --queue /var/lib/weir/queue
      """)

  @OptionGroup var queueOption: QueueOption

  @Flag(help: "Print the JSON that GET /groups answers with.")
  var json = false

  func run() throws {
    try reportingFailures {
      let path = FilePath(queueOption.queue)
      let queue = try QueueFigures(readingQueueAt: path)
      let groups: [GroupFigures]
      do throws(GroupError) { groups = try GroupFolder(ofQueueAt: path).figures(in: queue) } catch {
        throw QueueError(error)
      }
      try StandardOutput.write(
        json ? JSON.encode(["groups": groups]) : Array(Self.table(groups).utf8))
    }
  }

  private static func table(_ groups: [GroupFigures]) -> String {
    let head = ["group", "topics", "place", "waiting", "given", "members", "redelivered"]
    let rows = groups.map { group in
      [
        group.group, group.topics.joined(separator: ","), group.place, "\(group.waiting)",
        "\(group.given)", "\(group.members)", "\(group.redelivered)",
      ]
    }
    let widths = head.indices.map { column in
      ([head] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([head] + rows).map { row in
      var line = ""
      for (text, width) in zip(row, widths) {
        line += text + String(repeating: " ", count: width + 2 - text.count)
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
