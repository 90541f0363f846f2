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
    pacing.finishPass(now: 0, writeCount: 10)
    let short = pacing.delay(now: 0)
    pacing.finishPass(now: 0, writeCount: 1000)
    let long = pacing.delay(now: 0)
    pacing.finishPass(now: 0, writeCount: 1_000_000)
    #expect(short * 100 == long)
    #expect(pacing.delay(now: 0) == HubLimits.pacingNanosecondsMaximum)
  }
}
