import Kernel
import Testing

struct AccountsTests {
  @Test func `users and groups are known by their names, and a number stands for itself`() {
    #expect(Accounts.user("root") == 0)
    #expect(Accounts.group("root") == 0)
    #expect(Accounts.user("4242") == 4242)
    #expect(Accounts.group("4242") == 4242)
    #expect(Accounts.user("nobody-of-that-name") == nil)
    #expect(Accounts.group("nobody-of-that-name") == nil)
    #expect(Accounts.user("-1") == nil)
  }
}
