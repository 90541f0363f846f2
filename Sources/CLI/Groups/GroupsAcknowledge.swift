import ArgumentParser
import FileQueue

/// The command `weir groups ack`.
struct GroupsAcknowledge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ack", abstract: "Acknowledge events that a member of a group is done with.",
    discussion: """
      They are not given again. Exits with 66 where one did not wait for it: it was acknowledged before, \
      or never given; the others are acknowledged all the same.
      """)

  @OptionGroup var target: EventTarget

  @Argument(help: ArgumentHelp("The group.", valueName: "name"))
  var group: String

  @Argument(help: ArgumentHelp("The ids of the events.", valueName: "id"))
  var ids: [String]

  func run() throws {
    try reportingFailures {
      let name = try GroupName(group)
      let unknown: [String]
      if let hub = try target.hub() {
        unknown = try Acknowledgements(hub, group: group).send(ids)
      } else {
        let queue = try target.open()
        let known = try queue.groups.acknowledge(ids.map { EventID($0) }, of: name, in: queue)
        unknown = zip(ids, known).filter { !$0.1 }.map(\.0)
      }
      guard unknown.isEmpty else {
        throw CommandFailure(
          unknown.map { "\($0) waits for no acknowledgement".printable }
            .joined(separator: "\nweir: "), exitCode: 66)
      }
    }
  }
}
