import EventStream
import Testing

@testable import FileQueue

struct PublishTimesTests {
  private static let now: Int64 = 1_800_000_000_000
  private static let month: Int64 = 30 * 86_400_000

  private func times(after last: Int64, _ own: [Int64?], now: Int64 = Self.now) -> [Int64] {
    var times = PublishTimes(after: last, now: now)
    return own.map { times.next($0) }
  }

  @Test func `an event gets the clock's time, or its own if that is between the last one and now`()
  {
    let (now, earlier) = (Self.now, Self.now - 1000)
    #expect(times(after: earlier, [nil, nil]) == [now, now])
    #expect(times(after: earlier, [now - 500, now - 700, nil]) == [now - 500, now - 500, now])
    #expect(times(after: earlier, [0]) == [earlier])
  }

  @Test(arguments: [Self.now + 1, Self.now + Self.month, .max])
  func `a time in the future becomes now`(future: Int64) {
    #expect(times(after: 0, [future, nil]) == [Self.now, Self.now])
  }

  @Test
  func `times stand still for a clock that is set back a little, and follow one set back far`() {
    let tolerance = QueueLimits.clockStepTolerance.wholeMilliseconds
    let latest = Self.now + tolerance
    #expect(times(after: latest, [nil, 5]) == [latest, latest])
    #expect(times(after: latest + 1, [nil, 5]) == [Self.now, Self.now])
    #expect(times(after: Self.now + Self.month, [nil]) == [Self.now])
  }

  @Test(arguments: [Int64.min, -1, 0, 1, Self.now, .max], [Int64.min, -1, 0, Self.now, .max])
  func `whatever clock and last time say, a time is one that a record may have`(
    now: Int64, last: Int64
  ) {
    for time in times(after: last, [nil, .min, -1, 0, Self.now, .max], now: now) {
      #expect(QueueLimits.unixMilliseconds.contains(time))
    }
  }
}
