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
    "", "s", "ms", "-1s", "1.5s", "1 s", "s1", "1S", "1w", "١s", "9999999999999999d",
  ])
  func `anything else is no time`(text: String) {
    #expect(Duration(text: text) == nil)
  }
}
