import ArgumentParser
import FileQueue

/// The command `weir delayed cancel`.
struct DelayedCancel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Have events not published.",
    discussion: """
      Prints the id of each event that is cancelled. Exits with 66 where one was published or cancelled \
      before, or is being published at this moment; the others are cancelled all the same.
      """)

  @OptionGroup var queueOption: QueueOption

  @Flag(
    help: "Cancel all events that wait, as in a copy of a queue that is not to publish them again.")
  var all = false

  @Argument(help: "The ids of the events.")
  var ids: [String] = []

  func validate() throws {
    guard ids.isEmpty == all else {
      throw ValidationError("Name the ids of events, or say --all.")
    }
  }

  func run() throws {
    try reportingFailures {
      let named = try ids.map { text in
        guard let id = DelayedID(text.utf8) else {
          throw CommandFailure(
            "'\(text)' is no id of a delayed event, which has 16 digits from 0 to f: `weir delayed` lists "
              + "them", exitCode: 64)
        }
        return id
      }
      var log = try DelayedLog(try queueOption.open(creating: false))
      let wanted = all ? try Self.all(in: &log) : named
      var failures: [String] = []
      var text = ""
      for (id, outcome) in zip(wanted, try log.cancel(wanted)) {
        switch outcome {
        case .cancelled: text += "\(id)\n"
        case .tooLate: failures.append("\(id) is being published at this moment")
        case .unknown: failures.append("no event waits with the id \(id)")
        }
      }
      try StandardOutput.write(text, afterwards: "what could be is cancelled")
      guard failures.isEmpty else {
        throw CommandFailure(failures.joined(separator: "\nweir: "), exitCode: 66)
      }
    }
  }

  private static func all(in log: inout DelayedLog) throws -> [DelayedID] {
    var ids: [DelayedID] = []
    var last: DelayedTurn?
    repeat {
      let page = try log.page(behind: last, countMaximum: 1000)
      ids += page.events.filter { !$0.isBeingPublished }.map(\.id)
      last = page.next
    } while last != nil
    return ids
  }
}
