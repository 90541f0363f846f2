import Kernel
import Testing

struct PulseTests {
  @Test func `a loop is silent from its last turn on, and not before its first or behind its end`()
  {
    let pulse = Pulse(name: "loop")
    #expect(pulse.silence(now: 1_000) == 0)
    pulse.beat(now: 1_000)
    #expect(pulse.silence(now: 1_700) == 700)
    // Another thread has read the clock before.
    #expect(pulse.silence(now: 900) == 0)
    pulse.beat(now: 2_000)
    #expect(pulse.silence(now: 2_001) == 1)
    pulse.end()
    #expect(pulse.silence(now: 1_000_000) == 0)
  }
}
