/// Whose turn it is in a group: the members that can take something, those first whose last turn was longest ago.
struct GroupTurns {
  private struct Room {
    /// Its place among the group's members.
    let member: Int
    var eventCount: Int
    var byteCount: Int
  }

  private var rooms: [Room]
  private var place = 0

  init(_ state: GroupState) {
    let isAcknowledged = state.terms.acknowledgement != nil
    var used: [UInt32: (eventCount: Int, byteCount: Int)] = [:]
    for claim in state.claims {
      switch claim.state {
      case .waiting: continue
      case .assigned:
        used[claim.member, default: (0, 0)].byteCount += Int(claim.byteCount)
        used[claim.member, default: (0, 0)].eventCount += 1
      case .given: used[claim.member, default: (0, 0)].eventCount += 1
      }
    }
    rooms = state.members.indices.sorted {
      state.members[$0].lastTurn < state.members[$1].lastTurn
    }.map { index in
      let member = state.members[index]
      let limit = isAcknowledged ? Int(member.credit) : GroupLimits.unwrittenEventCountMaximum
      let used = used[member.number] ?? (0, 0)
      return Room(
        member: index, eventCount: limit - used.eventCount,
        byteCount: GroupLimits.unwrittenByteCountMaximum - used.byteCount)
    }
  }

  /// The next member that has room, which takes so much; its place among the members.
  mutating func take(byteCount: UInt32) -> Int? {
    while !rooms.isEmpty {
      if place >= rooms.count { place = 0 }
      guard rooms[place].eventCount > 0, rooms[place].byteCount > 0 else {
        rooms.remove(at: place)
        continue
      }
      rooms[place].eventCount -= 1
      rooms[place].byteCount -= Int(byteCount)
      defer { place += 1 }
      return rooms[place].member
    }
    return nil
  }
}
