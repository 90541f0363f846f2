import Testing

@testable import Kernel

struct InternetAddressTests {
  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"), ("192.0.2.1", "::ffff:192.0.2.1"),
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"), ("::1", "::2"),
  ])
  func `two texts of one address or network are the same`(one: String, other: String) {
    #expect(InternetAddress(one) != nil)
    #expect(InternetAddress(one) == InternetAddress(other))
  }

  @Test(arguments: [
    ("192.0.2.1", "192.0.2.2"), ("2001:db8:1:2::1", "2001:db8:1:3::1"),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.2"), ("0.0.0.1", "::1"),
  ])
  func `other addresses are others`(one: String, other: String) {
    #expect(InternetAddress(one) != InternetAddress(other))
  }

  @Test(arguments: [
    "", "unix:", "unknown", "192.0.2", "192.0.2.1:80", "::1%lo", "[::1]", "localhost",
  ])
  func `other texts are no address`(text: String) {
    #expect(InternetAddress(text) == nil)
  }
}
