import Testing

@testable import FileQueue

struct DelayTests {
  private static let now: Int64 = 1_732_147_200_000
  private static let month: Int64 = 30 * 86_400_000

  @Test(arguments: [
    ("1", 1000), ("30s", 30_000), ("500ms", 500), ("10m", 600_000), ("30d", 2_592_000_000),
    ("720h", 2_592_000_000),
  ])
  func `a time to wait is read`(text: String, milliseconds: Int64) {
    #expect(Delay(after: text)?.due(now: Self.now) == Self.now + milliseconds)
  }

  @Test(arguments: [
    "", "0", "0s", "31d", "2592001", "-5s", "5 s", "1w", "s", "9223372036854775807d",
  ])
  func `what is no time to wait, or too long, is none`(text: String) {
    #expect(Delay(after: text) == nil)
  }

  @Test(arguments: [
    ("1732147201", 1000), ("1732147201.25", 1250), ("1732147201250", 1250),
    ("2024-11-21T00:00:01Z", 1000), ("2024-11-21T01:00:01+01:00", 1000),
    ("2024-11-20T23:59:59.5Z", -500),
  ])
  func `a moment is read`(text: String, distance: Int64) {
    #expect(Delay(at: text, now: Self.now)?.due(now: 0) == Self.now + distance)
  }

  @Test func `a moment is at most thirty days away, either way`() {
    for distance in [Self.month, -Self.month] {
      let further = distance.signum()
      #expect(Delay(at: "\(Self.now + distance)", now: Self.now) != nil)
      #expect(Delay(at: "\(Self.now + distance + further)", now: Self.now) == nil)
    }
    #expect(Delay(at: "30", now: Self.now) == nil)
    #expect(Delay(at: "tomorrow", now: Self.now) == nil)
  }

  @Test(arguments: [Int64.min, 0, .max])
  func `no clock traps`(now: Int64) {
    #expect(Delay.after(Delay.maximum).due(now: now) >= 0)
    #expect(Delay.at(now).due(now: now) >= 0)
    _ = Delay(at: "1732147201", now: now)
  }
}
