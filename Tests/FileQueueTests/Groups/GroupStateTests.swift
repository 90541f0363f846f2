import Kernel
import Support
import Testing

@testable import FileQueue

/// What a group's state does, without files: who gets what, and what becomes of it.
@Suite("Group state") struct GroupStateTests {
  @Test("each event goes to one member, in the order of their turns")
  func turns() throws {
    var group = try GroupUnderTest(members: 3)
    group.deal(upTo: 8)
    #expect(group.given == [1: [1, 4, 7], 2: [2, 5], 3: [3, 6]])
    #expect(group.state.next == 8)
  }

  @Test("one who has no room is passed over, and who comes later waits for the others' turns")
  func passedOver() throws {
    var group = try GroupUnderTest(members: 2, acknowledgement: .seconds(30), credit: 2)
    group.deal(upTo: 9)
    #expect(group.given == [1: [1, 3], 2: [2, 4]])
    #expect(group.state.next == 5)
    _ = group.state.join(seat: 0, credit: 1)
    #expect(group.state.acknowledge([2, 4]) == [true, true])
    group.deal(upTo: 9)
    #expect(group.given == [1: [1, 3], 2: [5, 7], 3: [6]])
  }

  @Test("what is large fills a member's room, and goes all the same")
  func large() throws {
    var group = try GroupUnderTest(members: 2)
    group.deal(upTo: 6, byteCount: 1 << 20)
    #expect(group.given == [1: [1], 2: [2]])
    group.state.settle(written: [1], by: 1, now: 0)
    group.deal(upTo: 6, byteCount: 1 << 20)
    #expect(group.given == [1: [3], 2: [2]])
  }

  @Test(
    "what a member that goes was to be sent goes to others first, in order, and is marked where it may be known"
  )
  func leaving() throws {
    var group = try GroupUnderTest(members: 2)
    group.deal(upTo: 5)
    group.state.settle(written: [1], by: 1, now: 0)
    group.state.leave(1, unsure: [3])
    group.state.leave(2, unsure: [])
    _ = group.state.join(seat: 0, credit: 1)
    group.deal(upTo: 6)
    #expect(group.given == [3: [2, 3, 4, 5]])
    #expect(group.state.claims.map(\.redeliveryCount) == [0, 1, 0, 0])
    #expect(group.state.redeliveredCount == 1)
    #expect(group.state.deliveredCount == 1)
  }

  @Test("members of workers that are gone are forgotten, and all that they had is given again")
  func goneWorkers() throws {
    var group = try GroupUnderTest(members: 1, seat: 4)
    _ = group.state.join(seat: 5, credit: 1)
    group.deal(upTo: 5)
    group.state.removeMembers { $0 == 4 }
    group.deal(upTo: 5)
    #expect(group.given == [2: [2, 4, 1, 3]])
    #expect(group.state.claims.map(\.redeliveryCount) == [1, 0, 1, 0])
  }

  @Test("what is not acknowledged in time is given again, and counted; late words are taken too")
  func acknowledging() throws {
    var group = try GroupUnderTest(members: 1, acknowledgement: .seconds(1))
    group.deal(upTo: 4)
    group.state.settle(written: [1, 2, 3], by: 1, now: 500)
    group.state.expire(now: 1_000_000_000)
    #expect(group.state.nextDeadline == 1_000_000_500)
    #expect(group.state.acknowledge([1, 9]) == [true, false])
    group.state.expire(now: 1_000_000_500)
    #expect(group.state.claims.map(\.state) == [.waiting, .waiting])
    #expect(group.state.acknowledge([2, 2]) == [true, false])
    group.deal(upTo: 4)
    #expect(group.given == [1: [3]])
    #expect(group.state.redeliveredCount == 1)
    #expect(group.state.acknowledge([3]) == [true])
    #expect(group.state.claims.isEmpty)
    #expect(group.state.acknowledgedCount == 3)
  }

  @Test("given events stay with a member that goes until their time is over")
  func acknowledgingLater() throws {
    var group = try GroupUnderTest(members: 2, acknowledgement: .seconds(1))
    group.deal(upTo: 2)
    group.state.settle(written: [1], by: 1, now: 0)
    group.state.leave(1, unsure: [])
    group.deal(upTo: 2)
    #expect(group.state.claims.map(\.state) == [.given])
    #expect(group.state.acknowledge([1]) == [true])
  }

  @Test("nothing new is given while too much is outstanding")
  func full() throws {
    var group = try GroupUnderTest(
      members: 20, acknowledgement: .seconds(1), credit: GroupLimits.credit.upperBound)
    group.deal(upTo: 20_000)
    #expect(group.state.claims.count == GroupLimits.claimCountMaximum)
    #expect(group.state.next == UInt64(GroupLimits.claimCountMaximum) + 1)
    #expect(group.state.bytes.count <= GroupState.byteCountMaximum)
  }

  @Test("news of missing events goes to one member, and is not to be acknowledged")
  func gaps() throws {
    var group = try GroupUnderTest(members: 1, acknowledgement: .seconds(1))
    group.deal([.init(sequence: 4, content: .gap(from: 1, .expired), byteCount: 0)], upTo: 5)
    #expect(group.state.acknowledge([4]) == [false])
    group.state.settle(written: [4], by: 1, now: 0)
    #expect(group.state.claims.isEmpty)
    #expect(group.state.deliveredCount == 0)
  }

  @Test("a queue that is in an older state moves the place back, and forgets what is not there")
  func restored() throws {
    var group = try GroupUnderTest(members: 1, acknowledgement: .seconds(1))
    group.deal(upTo: 8)
    group.state.leave(1, unsure: [])
    let epochs = Epochs(GroupUnderTest.epoch)
    var ahead = group.state
    ahead.adapt(to: epochs, end: 5, oldest: 1, boot: .current, now: 0)
    #expect(ahead.next == 5 && ahead.claims.map(\.sequence) == [1, 2, 3, 4])
    var lost = group.state
    lost.adapt(to: epochs.beginning(9, at: 3), end: 40, oldest: 1, boot: .current, now: 0)
    #expect(lost.next == 3 && lost.claims.map(\.sequence) == [1, 2])
    var other = group.state
    other.adapt(to: Epochs(9), end: 40, oldest: 2, boot: .current, now: 0)
    #expect(other.next == 2)
    var same = group.state
    same.adapt(to: epochs, end: 8, oldest: 1, boot: .current, now: 0)
    #expect(same == group.state)
  }

  @Test("after a start of the machine there is as much time to acknowledge as before")
  func otherBoot() throws {
    var group = try GroupUnderTest(members: 1, acknowledgement: .seconds(1))
    group.deal(upTo: 2)
    group.state.settle(written: [1], by: 1, now: 1 << 60)
    group.state.adapt(
      to: Epochs(GroupUnderTest.epoch), end: 2, oldest: 1, boot: BootID(high: 1, low: 2), now: 7)
    #expect(group.state.claims[0].deadline == 1_000_000_007)
  }

  @Test("what nobody counts to, and a gap behind its own end, is no state")
  func limits() throws {
    var group = try GroupUnderTest(members: 1)
    group.deal([.init(sequence: 4, content: .gap(from: 4, .expired), byteCount: 0)], upTo: 5)
    let right = group.state.bytes
    let same = GroupState(right.span)
    #expect(same == group.state)
    let gap = right.count - 20
    for (start, count) in [(16, 8), (56, 8), (64, 8), (72, 8), (80, 4), (gap - 8, 8)] {
      var bytes = right
      for place in start..<(start + count) { bytes[place] = 0xFF }
      let read = GroupState(bytes.span)
      #expect(read == nil, "at \(start)")
    }
    for from in 5...6 {
      var bytes = right
      bytes[gap] = UInt8(from)
      let read = GroupState(bytes.span)
      #expect(read == nil, "from \(from)")
    }
    var bytes = right
    (bytes[80], bytes[81], bytes[82], bytes[83]) = (0xFE, 0xFF, 0xFF, 0xFF)
    let read = GroupState(bytes.span)
    var last = try #require(read)
    #expect(last.join(seat: 0, credit: 1) == nil)
  }

  @Test("whatever happens, each event is given, and to one at a time; and the bytes say the same")
  func random() throws {
    var generator = SeededGenerator()
    for _ in 0..<200 {
      let isAcknowledged = Bool.random(using: &generator)
      var group = try GroupUnderTest(
        members: 0, acknowledgement: isAcknowledged ? .seconds(1) : nil)
      var end: UInt64 = 1
      var done: Set<UInt64> = []
      for step in 0..<Int.random(in: 1...60, using: &generator) {
        let now = Int64(step) * 400_000_000
        let member = group.state.members.randomElement(using: &generator)?.number
        let assigned = group.state.claims.filter { $0.state == .assigned && $0.member == member }
          .map(\.sequence).filter { _ in Bool.random(using: &generator) }
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: _ = group.state.join(seat: UInt16.random(in: 0...2, using: &generator), credit: 3)
        case 1: if let member { group.state.leave(member, unsure: Set(assigned)) }
        case 2:
          if let member {
            group.state.settle(written: assigned, by: member, now: now)
            if !isAcknowledged { done.formUnion(assigned) }
          }
        case 3:
          let ids = (0..<4).map { _ in UInt64.random(in: 1...max(1, end), using: &generator) }
          if isAcknowledged {
            for (id, known) in zip(ids, group.state.acknowledge(ids)) where known {
              #expect(done.insert(id).inserted, "\(id) was acknowledged twice")
            }
          }
        case 4: group.state.removeMembers { $0 == 1 }
        default:
          end += UInt64.random(in: 0...5, using: &generator)
          group.state.expire(now: now)
          group.deal(upTo: end, now: now)
        }
        let claimed = group.state.claims.map(\.sequence)
        #expect(claimed == Array(Set(claimed)).sorted())
        #expect(Set(claimed).isDisjoint(with: done))
        #expect(Set(claimed).union(done) == Set(1..<max(1, group.state.next)))
        #expect(GroupState(group.state.bytes.span) == group.state)
      }
    }
  }
}

/// A group whose topics all events have.
struct GroupUnderTest {
  static let epoch: UInt32 = 0x6f2a_91c4
  var state: GroupState

  init(
    members: Int, acknowledgement: Duration? = nil, credit: Int = 100, seat: UInt16 = 0
  ) throws {
    let terms = GroupTerms(
      filter: try TopicFilter(["a", "b.*"]), names: EventNames(["x"]),
      acknowledgement: acknowledgement)
    state = GroupState(terms, GroupStart(next: 1), epoch: Self.epoch, now: 12)
    for _ in 0..<members { _ = state.join(seat: seat, credit: credit) }
  }

  /// Deals the events up to `end`.
  mutating func deal(upTo end: UInt64, byteCount: UInt32 = 10, now: Int64 = 0) {
    let items = (state.next..<max(end, state.next)).map {
      GroupAhead.Item(sequence: $0, content: .event, byteCount: byteCount)
    }
    deal(items, upTo: end, now: now)
  }

  mutating func deal(_ items: [GroupAhead.Item], upTo end: UInt64, now: Int64 = 0) {
    var ahead = GroupAhead(items, next: end)
    state.deal(&ahead, now: now) { _ in Self.epoch }
  }

  /// What is assigned, by members.
  var given: [UInt32: [UInt64]] {
    var given: [UInt32: [UInt64]] = [:]
    for claim in state.claims.filter({ $0.state == .assigned }).sorted(by: { $0.turn < $1.turn }) {
      given[claim.member, default: []].append(claim.sequence)
    }
    return given
  }
}
