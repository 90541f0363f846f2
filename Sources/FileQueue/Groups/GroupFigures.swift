import Kernel
public import SystemPackage

/// How a group is, for people and programs: what `GET /groups`, `weir groups` and `weir status` tell.
public struct GroupFigures: Codable, Sendable {
  /// Its name.
  public let group: String
  /// The topics and patterns that it gets.
  public let topics: [String]
  /// Which of them are kept, by their names; nil for all.
  public let events: [String]?
  /// How long a member may take to acknowledge an event, in milliseconds; nil where it need not.
  public let acknowledgementMilliseconds: Int64?
  /// The id of the last event that was taken up or passed over.
  public let place: String
  /// Events behind the place, those of other topics among them, and those to be given again.
  public let waiting: UInt64
  /// Events that a member is being sent, or has and has not acknowledged.
  public let given: Int
  /// Streams that take part.
  public let members: Int
  /// Events that members got so far, each time.
  public let delivered: UInt64
  /// Events that were given again so far.
  public let redelivered: UInt64
  /// Events that were acknowledged so far.
  public let acknowledged: UInt64

  private enum CodingKeys: String, CodingKey {
    case group, topics, events, place, waiting, given, members, delivered, redelivered, acknowledged
    case acknowledgementMilliseconds = "ack_ms"
  }

  init(_ name: GroupName, _ state: GroupState, _ epochs: Epochs, end: UInt64) {
    var state = state
    state.adapt(to: epochs, end: end, oldest: state.next, boot: state.boot, now: 0)
    group = name.text
    topics = state.terms.filter.texts
    events = state.terms.names?.texts
    acknowledgementMilliseconds = state.terms.acknowledgement?.wholeMilliseconds
    place = "\(epochs.id(of: state.next - 1))"
    let waitingAgain = state.claims.count { $0.state == .waiting }
    waiting = end - min(end, state.next) + UInt64(waitingAgain)
    given = state.claims.count - waitingAgain
    members = state.members.count
    delivered = state.deliveredCount
    redelivered = state.redeliveredCount
    acknowledged = state.acknowledgedCount
  }
}

extension GroupFolder {
  /// How a group is; nil where there is none.
  public func figures(
    of name: GroupName, in queue: QueueFigures
  ) throws(GroupError) -> GroupFigures? {
    guard let state = try livingState(of: name) else { return nil }
    return GroupFigures(name, state, queue.epochs, end: queue.next)
  }

  /// How all groups are, by their names; one that is damaged is left out.
  public func figures(in queue: QueueFigures) throws(GroupError) -> [GroupFigures] {
    try figures(of: try names()[...], in: queue)
  }

  /// How some groups are; those that are damaged or gone are left out.
  public func figures(
    of names: ArraySlice<GroupName>, in queue: QueueFigures
  ) throws(GroupError) -> [GroupFigures] {
    var figures: [GroupFigures] = []
    for name in names {
      do throws(GroupError) {
        if let group = try self.figures(of: name, in: queue) { figures.append(group) }
      } catch {
        guard case .damaged = error else { throw error }
      }
    }
    return figures
  }

  /// The groups of the queue at a path, which need not be open.
  public init(ofQueueAt path: FilePath) {
    directory = QueueDirectory(path: path)
  }
}
