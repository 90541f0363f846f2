import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// The command `QueueProbe share`.
struct Share: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append batches, and get them as the only member of a group.",
    discussion: """
      Prints 'ack FIRST NEXT' for each batch, 'given SEQUENCE COUNT' for each event that the member is given,
      with how often it was given before, 'done SEQUENCE' when the group knows that it has it, and 'synced' when all of that is on disk. Exits with 0
      where all went well in the end, with 1 after an error that stays.
      """)

  @Option(help: "The queue's directory; it is made if it is not there.")
  var queue: String

  @Option(help: "How many batches to append.")
  var batches = 6

  @Option(
    help: "How many topics of 250 bytes the group names beside all, so that its state is large.")
  var topics = 0

  @Option(help: "Who writes; told in each event.")
  var name = "w"

  func run() throws {
    let opened = try Queue(at: FilePath(queue), creating: true)
    var appender = try Appender(opened)
    var reader = QueueReader(opened)
    let further = (0..<topics).map { "\($0 + 100)" + String(repeating: "x", count: 247) }
    let terms = GroupTerms(filter: try TopicFilter([">"] + further), acknowledgement: nil)
    let group = try persisting {
      try Group(GroupName("g"), terms, in: opened) { () throws(GroupError) in GroupStart(next: 1) }
    }
    group.note(.join(key: 1, credit: 1))
    var syncs = GroupSyncs()
    for batch in ProbeBatches(writer: name, count: batches, sizeMaximum: 4) {
      let sequences = try appender.append(try batch.map { try $0.pending() })
        .map { try $0.get().sequence }
      try Output.write(line: "ack \(sequences[0]) \(sequences[sequences.count - 1] + 1)")
      try take(group, &reader)
      try persisting { try opened.groups.synchronize(&syncs) }
      try Output.write(line: "synced")
    }
    group.note(.leave(key: 1, unsure: []))
    _ = try persisting { try group.run(&reader) }
  }

  private func take(_ group: Group, _ reader: inout QueueReader) throws {
    var assignments: [Group.Assignment] = []
    repeat {
      let round = try persisting { try group.run(&reader) }
      for given in assignments { try Output.write(line: "done \(given.sequence)") }
      assignments = round.assignments
      for given in assignments {
        try Output.write(line: "given \(given.sequence) \(given.redeliveryCount)")
      }
      group.note(.settle(key: 1, written: assignments.map(\.sequence), dropped: []))
    } while !assignments.isEmpty
  }

  /// Tries a few times.
  private func persisting<Result>(_ body: () throws -> Result) throws -> Result {
    for _ in 0..<3 {
      do { return try body() } catch let error as GroupError {
        try Output.write(line: "error \(error)")
      }
    }
    do { return try body() } catch let error as GroupError {
      try Output.write(line: "error \(error)")
      throw ExitCode(1)
    }
  }
}
