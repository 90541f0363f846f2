import Figures
import Kernel
import Testing

@testable import Streaming

struct AdmissionTests {
  private func admission(
    total: Int = .max, perAddress: Int? = nil, perSecond: Int? = nil
  ) -> Admission {
    Admission(
      Admission.Limits(
        streamCountMaximum: total, streamsPerAddressCountMaximum: perAddress,
        newStreamsPerSecondMaximum: perSecond))
  }

  private func slot(
    _ admission: Admission, _ address: String = "192.0.2.1", now: Int64 = 0
  ) throws -> StreamSlot {
    guard case .admitted(let slot) = admission.admit(address, now: now) else {
      throw NoSlot()
    }
    return slot
  }

  private struct NoSlot: Error {}

  private func refusal(
    _ admission: Admission, _ address: String = "192.0.2.1", now: Int64 = 0
  ) -> StreamRefusal? {
    guard case .refused(let refusal, _) = admission.admit(address, now: now) else { return nil }
    return refusal
  }

  @Test func `one over the total is refused until a slot is given back`() throws {
    let admission = admission(total: 2)
    let first = try slot(admission)
    do {
      let second = try slot(admission)
      #expect(refusal(admission) == .total)
      withExtendedLifetime(second) {}
    }
    #expect(admission.streamCount == 1)
    let third = try slot(admission)
    #expect(refusal(admission) == .total)
    withExtendedLifetime((first, third)) {}
  }

  @Test func `limits that change hold for whoever comes next`() throws {
    let admission = admission()
    let before = try slot(admission)
    admission.limits = Admission.Limits(streamCountMaximum: 2, streamsPerAddressCountMaximum: 1)
    let first = try slot(admission)
    #expect(refusal(admission) == .address)
    #expect(refusal(admission, "192.0.2.2") == .total)
    admission.limits = Admission.Limits(newStreamsPerSecondMaximum: 1)
    let second = try slot(admission)
    #expect(refusal(admission) == .rate)
    admission.limits = Admission.Limits(streamCountMaximum: 100, newStreamsPerSecondMaximum: 1)
    #expect(refusal(admission) == .rate, "another limit gives nobody a second turn")
    withExtendedLifetime((before, first, second)) {}
  }

  @Test func `a slot that several hold is given back once, by the last`() throws {
    let admission = admission()
    var holders = try [slot(admission)]
    holders.append(holders[0])
    holders.removeFirst()
    #expect(admission.streamCount == 1)
    holders.removeAll()
    #expect(admission.streamCount == 0)
  }

  @Test func `an address has its limit, and others are not hurt`() throws {
    let admission = admission(perAddress: 1)
    let first = try slot(admission, "2001:db8::1")
    #expect(refusal(admission, "2001:db8::2") == .address, "the same network")
    let other = try slot(admission, "2001:db8:0:1::1")
    withExtendedLifetime((first, other)) {}
    let again = try slot(admission, "192.0.2.1")
    withExtendedLifetime(again) {}
  }

  @Test func `an address has room again when its stream is gone`() throws {
    let admission = admission(perAddress: 1)
    for _ in 0..<3 { _ = try slot(admission) }
    #expect(admission.streamCount == 0)
  }

  @Test func `peers of a unix socket are not counted together`() throws {
    let admission = admission(perAddress: 1)
    let slots = try (0..<3).map { _ in try slot(admission, "unix:") }
    #expect(slots.count == 3)
  }

  @Test func `who is refused for another reason takes no place among those of this second`() throws
  {
    let admission = admission(total: 1, perSecond: 2)
    do {
      let first = try slot(admission)
      for _ in 0..<10 { #expect(refusal(admission) == .total) }
      withExtendedLifetime(first) {}
    }
    _ = try slot(admission)
    #expect(refusal(admission) == .rate)
  }
}

struct ArrivalRateTests {
  private let second: Int64 = 1_000_000_000

  @Test func `a second's worth may come at once, and then as many as tokens come`() {
    var rate = ArrivalRate(perSecond: 100)
    let atOnce = (0..<300).count { _ in rate.take(now: second) == nil }
    #expect(atOnce == 100)
    let later = (1...50).count { rate.take(now: second + Int64($0) * 10_000_000) == nil }
    #expect(later == 50)
  }

  @Test func `a storm comes back evenly, and nearly all are let in at their second try`() throws {
    var rate = ArrivalRate(perSecond: 100)
    let returns = (0..<1000).compactMap { _ in rate.take(now: 0) }
    #expect(returns.count == 900)
    for (one, next) in zip(returns, returns.dropFirst()) {
      #expect(next - one >= second / 100)
      #expect(next - one <= second / 50)
    }
    let refusedAgain = returns.count { rate.take(now: $0) != nil }
    #expect(refusedAgain == 0)
  }

  @Test func `nobody is sent away for longer than the limit, however large the storm`() {
    var rate = ArrivalRate(perSecond: 1)
    let waits = (0..<100_000).compactMap { _ in rate.take(now: 0) }
    let limit = StreamLimits.returnDelayMaximum.wholeNanoseconds
    #expect(waits.allSatisfy { $0 > 0 && $0 <= limit })
    let late = waits.filter { $0 >= limit / 2 }
    #expect(late.count { $0 < limit * 3 / 4 } > late.count / 3, "spread, not all at the limit")
  }
}
