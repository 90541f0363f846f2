import Access
import Support
import SystemPackage
import Testing

@Suite struct AccessRulesTests {
  static func rules(_ text: String) throws -> AccessRules {
    try AccessFile(
      Array(text.utf8), at: "/etc/weir/access.toml", with: StandInSignatures()
    ).rules
  }

  static func hash(_ token: String) -> String {
    TokenHash(of: token.utf8, by: StandInSignatures()).description
  }

  private static let now: Int64 = 1_800_000_000_000

  private func permit(
    _ rules: AccessRules, token: String? = nil, user: String? = nil, publish: String = "",
    subscribe: String = ""
  ) throws -> Permit {
    try rules.permit(
      PresentedCredentials(
        token: token.map { Array($0.utf8) },
        nginx: user.flatMap {
          PresentedCredentials.NginxWord(
            user: UserName($0), publish: publish, subscribe: subscribe)
        }), now: Self.now)
  }

  @Test func `an empty file closes everything`() throws {
    let permit = try permit(Self.rules(""))
    #expect(permit.isAnonymous)
    #expect(!permit.maySubscribe("default"))
    #expect(!permit.mayPublish("default"))
    #expect(!permit.maySubscribe(">"))
  }

  @Test func `a token allows what its grant and everybody's allow, and nothing else`() throws {
    let rules = try Self.rules(
      """
      [[grant]]
      name = "ci"
      token = "\(Self.hash("secret"))"
      publish = ["builds.>"]
      [[grant]]
      name = "all"
      anonymous = true
      subscribe = ["news.*"]
      """)
    let known = try permit(rules, token: "secret")
    #expect(known.name == "ci")
    #expect(known.mayPublish("builds.1"))
    #expect(!known.mayPublish("builds"))
    #expect(!known.maySubscribe("builds.1"))
    #expect(known.maySubscribe("news.*"))
    #expect(!known.maySubscribe("news.>"))
    let anybody = try permit(rules)
    #expect(!anybody.mayPublish("builds.1"))
    #expect(anybody.maySubscribe("news.a"))
    #expect(throws: TokenFault.unknown) { try permit(rules, token: "Secret") }
  }

  @Test(arguments: [
    "*", ">", "a.b", ".", "a*>", "{user}", "", "a\u{7}", String(repeating: "u", count: 256),
  ])
  func `a name that is no part of a topic opens nothing of a pattern with user in it`(
    _ name: String
  ) throws {
    let rules = try Self.rules(
      """
      [[grant]]
      name = "site"
      nginx = true
      subscribe = ["users.{user}.>", "news"]
      """)
    let permit = try permit(rules, user: name, subscribe: "x")
    for text in [
      "users.>", "users.*.>", "users.a.b.>", "users.\(name).x", "users.{user}.x", "users..x",
    ] {
      #expect(!permit.maySubscribe(text), "\(text)")
    }
    #expect(permit.maySubscribe("news"))
    #expect(permit.maySubscribe("x"))
  }

  @Test func `a pattern that is too long with the name in it allows nothing`() throws {
    let rules = try Self.rules(
      """
      [[grant]]
      name = "site"
      nginx = true
      subscribe = ["users.{user}.>"]
      """)
    let name = String(repeating: "u", count: 255)
    #expect(!(try permit(rules, user: name).maySubscribe("users.\(name).x")))
    let fits = String(repeating: "u", count: 247)
    #expect(try permit(rules, user: fits).maySubscribe("users.\(fits).>"))
  }

  @Test func `what nginx says counts only where a grant believes it`() throws {
    let closed = try Self.rules("")
    let permit = try permit(closed, user: "anna", publish: ">", subscribe: ">")
    #expect(!permit.mayPublish("a"))
    #expect(!permit.maySubscribe("a"))
    let open = try Self.rules("[[grant]]\nname = \"site\"\nnginx = true\n")
    let other = try self.permit(open, user: "anna", publish: "a , b.>", subscribe: "c")
    #expect(other.mayPublish("a") && other.mayPublish("b.c") && !other.mayPublish("c"))
    #expect(other.maySubscribe("c") && !other.maySubscribe("a"))
    #expect(other.name == "anna" && other.keyScope == "user anna")
  }

  @Test func `a grant ends at its time, and what was proven before it with it`() throws {
    let rules = try Self.rules(
      """
      [[grant]]
      name = "guest"
      token = "\(Self.hash("secret"))"
      expires = 2027-01-15T08:00:00Z
      subscribe = ["a"]
      """)
    let end: Int64 = 1_800_000_000_000
    let permit = try rules.permit(PresentedCredentials(token: Array("secret".utf8)), now: end - 1)
    #expect(permit.expiresAt == end)
    #expect(permit.maySubscribe("a"))
    #expect(throws: TokenFault.expired) {
      try rules.permit(PresentedCredentials(token: Array("secret".utf8)), now: end)
    }
    #expect(!rules.permit(permit.proofs, now: end).maySubscribe("a"))
  }

  @Test func `what was proven under other rules is worth what the new ones say`() throws {
    let before = try Self.rules(
      "[[grant]]\nname = \"a\"\ntoken = \"\(Self.hash("t"))\"\nsubscribe = [\"x\", \"y\"]")
    let after = try Self.rules(
      "[[grant]]\nname = \"b\"\ntoken = \"\(Self.hash("t"))\"\nsubscribe = [\"y\"]")
    let permit = try permit(before, token: "t")
    let now = after.permit(permit.proofs, now: Self.now)
    #expect(!now.maySubscribe("x") && now.maySubscribe("y") && now.name == "b")
    #expect(!(try Self.rules("").permit(permit.proofs, now: Self.now).maySubscribe("y")))
  }

  @Test func `keys of two publishers are apart, and those of one user are the same by any way`()
    throws
  {
    let rules = try Self.rules(
      """
      [[grant]]
      name = "ci"
      token = "\(Self.hash("t"))"
      [[grant]]
      name = "site"
      nginx = true
      """)
    let scopes = [
      try permit(rules).keyScope, try permit(rules, token: "t").keyScope,
      try permit(rules, user: "ci").keyScope, try permit(rules, user: "anna").keyScope,
    ]
    #expect(Set(scopes).count == scopes.count)
  }

  @Test(arguments: [
    ("grant = 1", "grant is no list"),
    ("[[grants]]", "'grants' is no part"),
    ("[[grant]]\nanonymous = true", "has no name"),
    ("[[grant]]\nname = \"a.b\"\nanonymous = true", "without dots"),
    ("[[grant]]\nname = \"a\"", "no way to prove it"),
    ("[[grant]]\nname = \"a\"\nanonymous = true\nnginx = true", "nginx and anonymous"),
    ("[[grant]]\nname = \"a\"\nanonymous = false", "only ever true"),
    ("[[grant]]\nname = \"a\"\nanonymous = true\nsubscrib = []", "no 'subscrib'"),
    ("[[grant]]\nname = \"a\"\nanonymous = true\nsubscribe = \"x\"", "no list"),
    ("[[grant]]\nname = \"a\"\nanonymous = true\nsubscribe = [1]", "in quotes"),
    ("[[grant]]\nname = \"a\"\nanonymous = true\nsubscribe = [\">.x\"]", "no pattern"),
    ("[[grant]]\nname = \"a\"\nanonymous = true\nsubscribe = [\"{user}\"]", "no name to stand"),
    ("[[grant]]\nname = \"a\"\nnginx = true\nsubscribe = [\"{name}\"]", "a brace"),
    ("[[grant]]\nname = \"a\"\ntoken = \"hunter2\"", "no hash"),
    ("[[grant]]\nname = \"a\"\nanonymous = true\nexpires = \"2027\"", "no time"),
    (
      "[[grant]]\nname = \"a\"\nanonymous = true\n[[grant]]\nname = \"a\"\nnginx = true",
      "another grant"
    ),
    ("[[grant]]\nname = \"a\"\njwt = { keys = \"k\" }", "algorithms"),
    (
      "[[grant]]\nname = \"a\"\njwt = { keys = \"k\", algorithms = [\"none\"] }",
      "none of the algorithms"
    ),
    ("[[grant]]\nname = \"a\"\njwt = { keys = \"nowhere\", algorithms = [\"ES256\"] }", "nowhere"),
    ("[[grant]", "access.toml:1:"),
  ])
  func `a faulty file is refused whole, with the place and the reason`(
    _ text: String, _ reason: String
  ) {
    do {
      _ = try Self.rules(text)
      Issue.record("'\(text)' was taken")
    } catch {
      #expect("\(error)".contains(reason), "\(error)")
      #expect("\(error)".contains("access.toml"), "\(error)")
      #expect(!"\(error)".contains("hunter2"), "\(error)")
    }
  }
}
