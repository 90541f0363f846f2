import Testing

@testable import Hub

struct PacingTests {
  @Test func `after a quiet spell the next pass begins at once`() {
    var pacing = Pacing()
    #expect(pacing.delay(now: 1) == 0)
    pacing.finishPass(now: 1, writeCount: 1000)
    #expect(pacing.delay(now: 1_000_000_000_000) == 0)
  }

  @Test func `the pause grows with the writes and has a limit`() {
    var pacing = Pacing()
    let now: Int64 = 1_000_000_000_000
    pacing.finishPass(now: now, writeCount: 10)
    let short = pacing.delay(now: now)
    pacing.finishPass(now: now, writeCount: 1000)
    let long = pacing.delay(now: now)
    pacing.finishPass(now: now, writeCount: 1_000_000)
    #expect(short > 0)
    #expect(short * 100 == long)
    #expect(pacing.delay(now: now) == HubLimits.pacingNanosecondsMaximum)
  }
}
