import Testing

@testable import Streaming

struct TimeCursorTests {
  @Test(arguments: [
    ("@1732147200.123", 1_732_147_200_123), ("@1732147200", 1_732_147_200_000),
    ("@1732147200.5", 1_732_147_200_500), ("@1732147200.1239999", 1_732_147_200_123),
    ("@0.001", 1), ("@999999999999.999999999999", 999_999_999_999_999),
  ])
  func `a time is seconds and parts of a second`(text: String, milliseconds: Int64) {
    #expect(TimeCursor(text)?.unixMilliseconds == milliseconds)
  }

  @Test(arguments: [
    "", "@", "@.5", "@1.", "@1.2.3", "1732147200.123", "@-1", "@+1", "@1e9", "@1 ", "@ 1", "@１",
    "@1.\u{301}", "@1234567890123", "@1.1234567890123", "@@1",
  ])
  func `anything else is no time`(text: String) {
    #expect(TimeCursor(text) == nil)
  }

  @Test(arguments: ["@1732147200.123", "@1732147200.007", "@0.000"])
  func `it is written as it is read`(text: String) {
    #expect(TimeCursor(text)?.description == text)
  }
}
