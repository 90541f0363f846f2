import Kernel
import Testing

@testable import Streaming

struct PacingTests {
  private static let start: Int64 = 1_000_000_000_000
  private static let patience: Duration = .milliseconds(250)
  private static let look = StreamLimits.pacingLookNanoseconds
  private static let tokens = (1...8).map { EpollToken(slot: $0, generation: 1) }

  /// A pass that began at the start, ended 1 ms later, and wrote to eight empty sockets.
  private func pacing() -> Pacing {
    var pacing = Pacing(patience: Self.patience)
    pacing.begin(now: Self.start, writeCount: 8)
    for token in Self.tokens { pacing.note(token) }
    pacing.end(now: Self.start + 1_000_000)
    return pacing
  }

  @Test func `the first pass begins at once`() {
    var pacing = Pacing(patience: Self.patience)
    #expect(pacing.delay(now: Self.start) { _ in false } == 0)
  }

  @Test func `a pass after a quiet spell begins at once`() {
    var pacing = pacing()
    #expect(pacing.delay(now: Self.start + 10_000_000_000) { _ in true } == 0)
  }

  @Test func `a pass waits while the web server has not read the last one`() {
    var pacing = pacing()
    for milliseconds in 1..<100 {
      let now = Self.start + Int64(milliseconds) * 1_000_000
      #expect(pacing.delay(now: now) { _ in false } == Self.look)
    }
  }

  @Test func `once it has read, a rest in proportion to that time follows, then the next pass`() {
    var pacing = pacing()
    let read = Self.start + 100_000_000
    #expect(pacing.delay(now: read) { _ in false } == Self.look)
    let rest = 100_000_000 * StreamLimits.pacingRestPercent / 100
    #expect(pacing.delay(now: read + 1) { _ in true } == rest - 1)
    #expect(pacing.delay(now: read + rest) { _ in true } == 0)
  }

  @Test func `for each stream that was opened meanwhile the rest is longer, up to twice the time`()
  {
    for (arrivalCount, share) in [
      (10, 10 * StreamLimits.pacingNanosecondsPerArrival), (5000, 100_000_000),
    ] {
      var pacing = pacing()
      for _ in 0..<arrivalCount { pacing.noteArrival() }
      let read = Self.start + 100_000_000
      #expect(pacing.delay(now: read) { _ in false } == Self.look)
      let rest = 100_000_000 * StreamLimits.pacingRestPercent / 100 + share
      #expect(pacing.delay(now: read) { _ in true } == rest)
    }
  }

  @Test func `a few streams whose clients have stopped reading hold nobody up`() {
    var pacing = pacing()
    let stalled = Self.tokens[..<2]
    #expect(pacing.delay(now: Self.start + 2_000_000) { !stalled.contains($0) } == 0)
  }

  @Test func `when nothing is read any more, a pass is made nevertheless after a while`() {
    var pacing = pacing()
    let limit = Self.start + 1_000_000 + Self.patience.wholeNanoseconds
    #expect(pacing.delay(now: limit - 1) { _ in false } == Self.look)
    #expect(pacing.delay(now: limit + Self.patience.wholeNanoseconds) { _ in false } == 0)
  }

  @Test(arguments: [1, 2, 7, 16, 100, 9000])
  func `samples are few, and the last write is among them`(writeCount: Int) {
    var pacing = Pacing(patience: Self.patience)
    pacing.begin(now: Self.start, writeCount: writeCount)
    let samples = (0..<writeCount).filter { pacing.wantsSample($0) }
    #expect(samples.contains(writeCount - 1))
    #expect(samples.contains(0))
    #expect(samples.count <= StreamLimits.pacingSampleCountMaximum + 8)
  }
}
