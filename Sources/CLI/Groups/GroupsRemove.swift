import ArgumentParser
import FileQueue

/// The command `weir groups remove`.
struct GroupsRemove: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Forget a group that has no members, and its place.")

  @OptionGroup var target: EventTarget

  @Argument(help: ArgumentHelp("The group.", valueName: "name"))
  var group: String

  func run() throws {
    try reportingFailures {
      let name = try GroupName(group)
      if let hub = try target.hub() {
        let answer = try hub.ask("/groups/\(SiteAddress.encode(group))", method: "DELETE")
        guard answer.isEmpty else { throw RemoteHub.strange }
      } else {
        try target.open().groups.remove(name)
      }
    }
  }
}
