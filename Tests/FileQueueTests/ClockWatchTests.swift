import Kernel
import Testing

@testable import FileQueue

struct ClockWatchTests {
  private static let start: Int64 = 1_800_000_000_000
  private static let month: Int64 = 30 * 86_400_000
  private static let patience = QueueLimits.clockPatience.components.seconds
  private static let tolerance = QueueLimits.clockStepTolerance.wholeMilliseconds

  /// Looks once a second, from `from` on, while the wall clock is off by so much.
  private func look(
    _ watch: inout ClockWatch, seconds: Range<Int64>, wallOff: Int64
  ) -> [ClockWatch.Finding] {
    seconds.compactMap {
      watch.look(wall: Self.start + $0 * 1000 + wallOff, monotonic: $0 * 1_000_000_000)
    }
  }

  private var fresh: ClockWatch {
    ClockWatch(lastKnown: Self.start, wall: Self.start, monotonic: 0)
  }

  @Test func `the time is the wall clock's while that goes on evenly, or is slewed`() {
    var watch = fresh
    for second in 1..<1000 as Range<Int64> {
      let wall = Self.start + second * 1001
      #expect(watch.look(wall: wall, monotonic: second * 1_000_000_000) == nil)
      #expect(watch.now == wall)
    }
  }

  @Test func `fourteen seconds at a date that is a month away move nothing, and are told once`() {
    var watch = fresh
    #expect(look(&watch, seconds: 1..<11, wallOff: 0) == [])
    #expect(
      look(&watch, seconds: 11..<25, wallOff: Self.month) == [.ahead(.milliseconds(Self.month))])
    #expect(watch.now == Self.start + 24_000)
    #expect(look(&watch, seconds: 25..<100, wallOff: 0) == [.right])
    #expect(watch.now == Self.start + 99_000)
  }

  @Test func `a clock that stays ahead is believed after a while`() {
    var watch = fresh
    let findings = look(&watch, seconds: 1..<(Self.patience + 1), wallOff: Self.month)
    #expect(findings == [.ahead(.milliseconds(Self.month))])
    #expect(watch.now == Self.start + Self.patience * 1000)
    #expect(
      look(&watch, seconds: (Self.patience + 1)..<(Self.patience + 9), wallOff: Self.month)
        == [.believed(.milliseconds(Self.month))])
    #expect(watch.now == Self.start + (Self.patience + 8) * 1000 + Self.month)
  }

  @Test func `a clock that jumps again while it is ahead has to stay there anew`() {
    var watch = fresh
    _ = look(&watch, seconds: 1..<Self.patience, wallOff: Self.month)
    #expect(
      look(&watch, seconds: Self.patience..<(2 * Self.patience), wallOff: 2 * Self.month)
        == [.ahead(.milliseconds(2 * Self.month))])
    #expect(watch.now == Self.start + (2 * Self.patience - 1) * 1000)
  }

  @Test func `a clock that is set back is followed at once`() {
    var watch = fresh
    #expect(
      look(&watch, seconds: 1..<9, wallOff: -Self.month) == [.setBack(.milliseconds(Self.month))])
    #expect(watch.now == Self.start + 8000 - Self.month)
  }

  @Test func `a machine that slept is not known to have the right time`() {
    var watch = fresh
    let slept: Int64 = 3 * 86_400
    #expect(
      look(&watch, seconds: slept..<(slept + 5), wallOff: 0)
        == [.ahead(.milliseconds(slept * 1000 - Self.tolerance))])
    #expect(watch.now == Self.start + Self.tolerance + 4000)
  }

  @Test func `a start long after the last event goes on from there, and soon after it from now`() {
    var watch = ClockWatch(lastKnown: Self.start - Self.month, wall: Self.start, monotonic: 0)
    #expect(watch.aheadBy == .milliseconds(Self.month))
    #expect(look(&watch, seconds: 0..<5, wallOff: 0) == [])
    #expect(watch.now == Self.start - Self.month + 4000)
    watch = ClockWatch(lastKnown: Self.start - Self.tolerance, wall: Self.start, monotonic: 0)
    #expect(watch.now == Self.start)
    // An event from the future tells nothing.
    watch = ClockWatch(lastKnown: .max, wall: Self.start, monotonic: 0)
    #expect(watch.now == Self.start)
  }

  @Test(arguments: [Int64.min, -1, 0, .max], [Int64.min, -1, 0, .max])
  func `no clock traps`(wall: Int64, monotonic: Int64) {
    for lastKnown in [Int64.min, 0, Self.start, .max] {
      var watch = ClockWatch(lastKnown: lastKnown, wall: wall, monotonic: monotonic)
      for second in [Int64.min, 0, .max, Self.start] {
        _ = watch.look(wall: second, monotonic: second)
        #expect(watch.now >= 0)
      }
    }
  }
}
