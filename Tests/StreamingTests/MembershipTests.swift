import Kernel
import Testing

@testable import FastCGI
@testable import FileQueue
@testable import Streaming

/// What a member's group is told of what was sent to it.
@Suite("Membership") struct MembershipTests {
  private func membership(_ sequences: [UInt64]) throws -> Membership {
    let terms = GroupTerms(filter: try TopicFilter([]), acknowledgement: nil)
    let membership = Membership(
      key: 7, GroupEntry(name: try GroupName("g"), terms: terms, credit: 1))
    membership.assigned += sequences.map {
      Group.Assignment(key: 7, sequence: $0, gap: nil, redeliveryCount: 0)
    }
    return membership
  }

  @Test("of a frame that broke off, the events that were written whole are told")
  func brokenFrame() throws {
    let membership = try membership([1, 2, 3, 4])
    for end in [100, 200, 300] { membership.noteFramed(end: end) }
    membership.noteWritten(byteCount: 250)
    #expect(membership.unread == [1, 2])
    #expect(membership.assigned.map(\.sequence) == [4])
    #expect(
      membership.takeSettled() == .settle(key: 7, written: [1, 2], dropped: []))
    #expect(membership.takeSettled() == nil)
  }

  @Test("what has expired is told at once, and what was written when it was read")
  func dropped() throws {
    let membership = try membership([1, 2])
    membership.noteDropped()
    membership.noteFramed(end: 10)
    membership.noteWritten()
    #expect(membership.takeDropped() == .settle(key: 7, written: [], dropped: [1]))
    #expect(membership.takeSettled() == .settle(key: 7, written: [2], dropped: []))
  }

  @Test("a peer that closes tells whether it had read all")
  func closing() throws {
    try UnixSocket.pair().split { ours, theirs in
      let connection = StreamConnection(ours, requestID: 1)
      _ = try connection.send([1, 2, 3].span)
      let isDrained = connection.isDrained
      #expect(!isDrained)
      drop(theirs)
      let state = connection.pollPeer()
      #expect(state == .broken)
    }
    try UnixSocket.pair().split { ours, theirs in
      let connection = StreamConnection(ours, requestID: 1)
      _ = try connection.send([1, 2, 3].span)
      var bytes = [UInt8](repeating: 0, count: 8)
      var span = bytes.mutableSpan
      _ = try theirs.receive(into: &span)
      let isDrained = connection.isDrained
      #expect(isDrained)
      drop(theirs)
      let state = connection.pollPeer()
      #expect(state == .closed)
    }
  }

  private func drop(_ socket: consuming Descriptor) {}
}
