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

  @OptionGroup var target: EventTarget

  @Flag(
    help: "Cancel all events that wait, as in a copy of a queue that is not to publish them again.")
  var all = false

  @Argument(help: "The ids of the events.")
  var ids: [String] = []

  /// What a site answers.
  private struct Cancellation: Decodable {
    let cancelled: String
  }

  func validate() throws {
    guard ids.isEmpty == all else {
      throw ValidationError("Name the ids of events, or say --all.")
    }
  }

  func run() throws {
    try reportingFailures {
      let wanted = try all ? allIDs() : ids.map { try Self.id($0) }
      var failures: [String] = []
      func tell(_ ids: [DelayedID], _ outcomes: [DelayedCancellation]) throws {
        var text = ""
        for (id, outcome) in zip(ids, outcomes) {
          switch outcome {
          case .cancelled: text += "\(id)\n"
          case .tooLate: failures.append("\(id) is being published at this moment")
          case .unknown: failures.append("no event waits with the id \(id)")
          }
        }
        try StandardOutput.write(text, afterwards: "what could be is cancelled")
      }
      if let hub = try target.hub() {
        for id in wanted { try tell([id], [try Self.cancel(id, at: hub)]) }
      } else {
        var log = try DelayedLog(try target.open())
        try tell(wanted, try log.cancel(wanted))
      }
      guard failures.isEmpty else {
        throw CommandFailure(failures.joined(separator: "\nweir: "), exitCode: 66)
      }
    }
  }

  private static func id(_ text: String) throws -> DelayedID {
    guard let id = DelayedID(text.utf8) else {
      throw CommandFailure(
        "'\(text)' is no id of a delayed event, which has 16 digits from 0 to f: `weir delayed` lists "
          + "them", exitCode: 64)
    }
    return id
  }

  private func allIDs() throws -> [DelayedID] {
    var ids: [DelayedID] = []
    try target.forEachDelayedPage { page in
      ids += try page.delayed.filter { $0.publishing != true }.map { try Self.id($0.delayed) }
    }
    return ids
  }

  private static func cancel(_ id: DelayedID, at hub: RemoteHub) throws -> DelayedCancellation {
    do {
      let answer = try hub.ask("/publish/delayed/\(id)", method: "DELETE")
      _ = try RemoteHub.decode(Cancellation.self, answer)
      return .cancelled
    } catch let problem as RemoteProblem {
      switch problem.code {
      case "delayed_not_found": return .unknown
      case "being_published": return .tooLate
      default: throw problem
      }
    }
  }
}
