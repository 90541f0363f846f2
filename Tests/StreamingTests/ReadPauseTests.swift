import Kernel
import Testing

@testable import Streaming

struct ReadPauseTests {
  @Test func `pauses grow from failure to failure up to a limit, and begin anew after a success`() {
    var pause = ReadPause()
    #expect(pause.delay(now: 0) == 0)
    let delays = (0..<100).map { _ in
      pause.noteFailure(now: 0)
      return pause.delay(now: 0)
    }
    #expect(delays[0] == StreamLimits.readPauseMinimum.wholeNanoseconds)
    #expect(delays[1] == 2 * delays[0])
    #expect(delays.last == StreamLimits.readPauseMaximum.wholeNanoseconds)
    pause.noteSuccess()
    pause.noteFailure(now: 0)
    #expect(pause.delay(now: 0) == delays[0])
  }
}
