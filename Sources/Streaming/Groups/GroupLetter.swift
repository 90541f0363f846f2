import FileQueue
import Kernel

/// What the thread of the groups is asked to do.
enum GroupLetter: Sendable {
  /// Take in a member.
  case join(GroupArrival)
  /// Note what has happened to a member.
  case note(GroupName, Group.Change)
  /// Acknowledge events.
  case acknowledge(GroupName, [EventID?], @Sendable (Result<[Bool], GroupError>) -> Void)
  /// Tell of a group.
  case tell(GroupName, @Sendable (Result<GroupFigures, GroupError>) -> Void)
  /// Remove a group.
  case remove(GroupName, @Sendable (Result<Void, GroupError>) -> Void)
  /// End.
  case stop
}

/// A member on the way from a stream loop to its group.
struct GroupArrival: Sendable {
  /// What the worker knows it by.
  let key: UInt64
  let entry: GroupEntry
  /// Where the group begins if it is new.
  let request: StreamRequest
  /// The durable end when the member came.
  let joinsAt: UInt64
  /// The loop that serves it, and by which token.
  let door: StreamLoopDoor
  let token: EpollToken
}
