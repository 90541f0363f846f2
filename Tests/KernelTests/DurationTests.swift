import Kernel
import Testing

struct DurationTests {
  @Test(arguments: [
    ("15ms", Duration.milliseconds(15)), ("0", .zero), ("90", .seconds(90)), ("30s", .seconds(30)),
    ("10m", .seconds(600)), ("12h", .seconds(43_200)), ("7d", .seconds(604_800)),
  ])
  func `a time is a whole number and a unit`(text: String, duration: Duration) {
    #expect(Duration(text: text) == duration)
  }

  @Test(arguments: [
    (Duration.zero, "0s"), (.milliseconds(13_999), "14s"), (.seconds(119), "119s"),
    (.seconds(120), "2m"),
    (.milliseconds(2_591_999_999), "30d"),
    (.seconds(Int64.max / 2), "53375995583650d"),
  ])
  func `a time is told in the largest unit of which there are two`(duration: Duration, text: String)
  {
    #expect(duration.inWords == text)
  }

  @Test(arguments: [Int64.max, .max / 1000, 253_402_300_799, 1, 0, -1, .min])
  func `no duration is too long to be a number`(seconds: Int64) {
    let duration = Duration.seconds(seconds)
    #expect(
      Int128(duration.wholeNanoseconds)
        == min(max(Int128(seconds) * 1_000_000_000, Int128(Int64.min)), Int128(Int64.max)))
    #expect(
      Int128(duration.wholeMilliseconds)
        == min(max(Int128(seconds) * 1000, Int128(Int64.min)), Int128(Int64.max)))
  }

  @Test(arguments: [
    "", "s", "ms", "-1s", "1.5s", "1 s", "s1", "1S", "1w", "١s", "9999999999999999d",
  ])
  func `anything else is no time`(text: String) {
    #expect(Duration(text: text) == nil)
  }
}
