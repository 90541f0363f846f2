import Kernel

/// Why a group cannot do what it is asked to.
public enum GroupError: Error, Sendable, CustomStringConvertible {
  /// There is none of that name.
  case missing(GroupName)
  /// Its members ask for something else.
  case otherTerms(GroupName, GroupTerms)
  /// It takes no acknowledgements.
  case withoutAcknowledgements(GroupName)
  /// It cannot be removed while it has members.
  case inUse(GroupName, memberCount: Int)
  /// There are as many groups as there may be.
  case tooManyGroups
  /// It has as many members as it may have.
  case tooManyMembers(GroupName)
  /// As many workers as may have members of it.
  case tooManyWorkers(GroupName)
  /// Another process holds its lock.
  case busy(GroupName)
  /// Its file cannot be read.
  case damaged(GroupName, path: String)
  /// Its file was deleted while it was in use.
  case deleted(GroupName)
  /// What the queue cannot do.
  case queue(QueueError)

  /// What happened, and what to do next.
  public var description: String { text { "remove \($0)" } }

  /// The same.
  ///
  /// - Parameter removal: how whoever reads it removes a group of a name.
  public func text(removal: (String) -> String) -> String {
    switch self {
    case .missing(let name):
      "there is no group '\(name)': it begins with the first stream that asks for it"
    case .otherTerms(let name, let terms):
      "the group '\(name)' goes by \(terms): ask for the same, name another group, or begin it anew: "
        + removal("\(name)")
    case .withoutAcknowledgements(let name):
      "the group '\(name)' takes no acknowledgements: its members have to ask for ack=30s or the like"
    case .inUse(let name, let count):
      "the group '\(name)' has \(count) member\(count == 1 ? "" : "s"): close their streams, then try again"
    case .tooManyGroups:
      "there are \(GroupLimits.groupCountMaximum) groups, as many as there may be, remove some: "
        + removal("NAME")
    case .tooManyMembers(let name):
      "the group '\(name)' has \(GroupLimits.memberCountMaximum) members, as many as it may have"
    case .tooManyWorkers(let name):
      "\(GroupLimits.seatCountMaximum) workers have members of the group '\(name)', as many as may"
    case .busy(let name):
      "the group '\(name)' is held up by another worker: try again"
    case .damaged(let name, let path):
      "the file of the group '\(name)', \(path), is damaged: \(removal("\(name)")), and begin it "
        + "anew where it is to go on"
    case .deleted(let name):
      "the file of the group '\(name)' was deleted while it was in use"
    case .queue(let error):
      "\(error)"
    }
  }
}

extension QueueError {
  /// What stands in the way of reading groups, as an error of the queue.
  public init(_ error: GroupError) {
    self =
      if case .queue(let error) = error {
        error
      } else {
        .system(SystemCallError(call: "read", errno: .ioError, subject: "\(error)"))
      }
  }
}

/// Runs work on the queue and hands its errors on as a group's.
@inline(__always)
func onQueue<Result: ~Copyable>(
  _ body: () throws(QueueError) -> Result
) throws(GroupError) -> Result {
  do {
    return try body()
  } catch {
    throw .queue(error)
  }
}

/// Runs kernel calls and hands their errors on as a group's.
@inline(__always)
func onFiles<Result: ~Copyable>(
  _ body: () throws(SystemCallError) -> Result
) throws(GroupError) -> Result {
  do {
    return try body()
  } catch {
    throw .queue(.system(error))
  }
}
