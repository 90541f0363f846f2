import Kernel
import SystemPackage
import TOMLText

/// Makes grants of the tables of a file.
struct GrantReader {
  private let path: FilePath
  private let library: any SignatureLibrary
  private var names: Set<UserName> = []
  /// The places of the grants that tokens prove.
  private var tokens: [TokenHash: Int] = [:]
  /// What grants allow: many say the same, and share it.
  private var lists: Set<[AccessPattern]> = []
  private var keyPaths: [FilePath] = []
  private var webTokenCount = 0
  private var nginxCount = 0
  private var anonymousCount = 0

  private static let members = [
    "name", "token", "tokens", "jwt", "nginx", "anonymous", "expires", "publish", "subscribe",
  ]
  private static let means = ["token", "tokens", "jwt", "nginx", "anonymous"]
  private static let webTokenMembers = ["keys", "algorithms", "issuer", "audience", "user"]

  init(_ path: FilePath, _ library: any SignatureLibrary) {
    self.path = path
    self.library = library
  }

  /// Reads the whole file.
  mutating func read(_ root: TOMLNode) throws(AccessFault) -> (AccessRules, [FilePath]) {
    var grants: [Grant] = []
    for member in try table(root, "the file") {
      guard member.name == "grant" else {
        throw fault(
          member.line, member.column,
          "'\(member.name)' is no part of a file of rules: it has tables [[grant]] only")
      }
      for node in try list(member.node, "grant", "write its head as [[grant]]") {
        guard grants.count < AccessLimits.grantCountMaximum else {
          throw fault(node, "more than \(AccessLimits.grantCountMaximum) grants")
        }
        grants.append(try grant(node, at: grants.count))
      }
    }
    return (AccessRules(grants, tokens: tokens, library), keyPaths)
  }

  private mutating func grant(_ node: TOMLNode, at place: Int) throws(AccessFault) -> Grant {
    let found = try table(node, "grant", of: Self.members, "a grant")
    let name = try name(Self.node("name", in: found), of: node)
    let named = Self.means.filter { Self.node($0, in: found) != nil }
    guard named.count == 1, let means = named.first, let meansNode = Self.node(means, in: found)
    else {
      throw fault(
        node,
        "grant '\(name)' has "
          + (named.isEmpty ? "no way to prove it" : named.joined(separator: " and "))
          + ": name one of token, tokens, jwt, nginx = true and anonymous = true")
    }
    let publish = try patterns(
      Self.node("publish", in: found), "publish", of: name, isAnonymous: means == "anonymous")
    let subscribe = try patterns(
      Self.node("subscribe", in: found), "subscribe", of: name, isAnonymous: means == "anonymous")
    let expiresAt = try Self.node("expires", in: found).map { node throws(AccessFault) in
      try time(node, "expires")
    }
    return Grant(
      name: name, means: try self.means(means, meansNode, of: name, at: place),
      expiresAt: expiresAt, scope: scope(publish, subscribe), line: node.line)
  }

  private mutating func scope(
    _ publish: [PatternTemplate], _ subscribe: [PatternTemplate]
  ) -> Grant.Scope {
    if (publish + subscribe).contains(where: \.isOfUser) {
      return .ofUser(publish: publish, subscribe: subscribe)
    }
    return .fixed(Allowance(publish: shared(publish), subscribe: shared(subscribe)))
  }

  private mutating func shared(_ templates: [PatternTemplate]) -> [AccessPattern] {
    lists.insert(templates.compactMap { $0.pattern(for: nil) }).memberAfterInsert
  }

  private mutating func name(
    _ node: TOMLNode?, of grant: TOMLNode
  ) throws(AccessFault) -> UserName {
    guard let node else { throw fault(grant, "the grant has no name: add name = \"…\"") }
    let text = try text(node, "name")
    guard let name = UserName(text), name.isPart else {
      throw fault(
        node,
        "name is '\(text)': it is a text of 1 to \(AccessLimits.nameByteCountMaximum) bytes without "
          + "dots, '*', '>', braces and control characters")
    }
    guard names.insert(name).inserted else {
      throw fault(node, "'\(text)' names another grant already: give each a name of its own")
    }
    return name
  }

  private mutating func means(
    _ means: String, _ node: TOMLNode, of name: UserName, at place: Int
  ) throws(AccessFault) -> Grant.Means {
    switch means {
    case "token":
      try addToken(node, at: place)
      return .tokens(count: 1)
    case "tokens":
      let nodes = try list(node, "tokens", "write tokens = [\"sha256:…\"]")
      guard (1...AccessLimits.tokensPerGrantCountMaximum).contains(nodes.count) else {
        throw fault(
          node,
          "tokens has \(nodes.count) entries: it has 1 to \(AccessLimits.tokensPerGrantCountMaximum)"
        )
      }
      for node in nodes { try addToken(node, at: place) }
      return .tokens(count: nodes.count)
    case "jwt":
      webTokenCount += 1
      guard webTokenCount <= AccessLimits.webTokenGrantCountMaximum else {
        throw fault(
          node,
          "more than \(AccessLimits.webTokenGrantCountMaximum) grants with jwt: use fewer issuers")
      }
      return .webToken(try verifier(node))
    case "nginx":
      nginxCount += 1
      guard nginxCount <= AccessLimits.nginxGrantCountMaximum else {
        throw fault(
          node, "more than \(AccessLimits.nginxGrantCountMaximum) grants with nginx = true")
      }
      try requireTrue(node, "nginx")
      return .nginx
    default:
      anonymousCount += 1
      guard anonymousCount <= AccessLimits.anonymousGrantCountMaximum else {
        throw fault(
          node,
          "more than \(AccessLimits.anonymousGrantCountMaximum) grants with anonymous = true")
      }
      try requireTrue(node, "anonymous")
      return .anonymous
    }
  }

  private mutating func addToken(_ node: TOMLNode, at place: Int) throws(AccessFault) {
    guard let hash = TokenHash(try text(node, "token")) else {
      // The text may be a token.
      throw fault(
        node,
        "the token is no hash: it is sha256: and 64 hexadecimal digits, as `weir token make` prints "
          + "them; the token itself never stands here")
    }
    guard tokens.updateValue(place, forKey: hash) == nil else {
      throw fault(node, "the token is another grant's already: make one for each")
    }
  }

  private mutating func verifier(_ node: TOMLNode) throws(AccessFault) -> JWTVerifier {
    let found = try table(node, "jwt", of: Self.webTokenMembers, "jwt")
    guard let keysNode = Self.node("keys", in: found),
      let algorithmsNode = Self.node("algorithms", in: found)
    else {
      throw fault(
        node,
        "jwt needs keys, the file of the keys that sign, and algorithms, such as [\"ES256\"]")
    }
    var algorithms: [JWTAlgorithmName] = []
    for entry in try list(algorithmsNode, "algorithms", "write algorithms = [\"ES256\"]") {
      let text = try text(entry, "algorithms")
      guard let algorithm = JWTAlgorithmName(named: text) else {
        throw fault(
          entry,
          "'\(text)' is none of the algorithms: \(JWTAlgorithmName.allCases.map(\.rawValue).joined(separator: ", "))"
        )
      }
      algorithms.append(algorithm)
    }
    guard !algorithms.isEmpty else {
      throw fault(algorithmsNode, "algorithms is empty: name those that tokens are signed with")
    }
    let keysPath = path.removingLastComponent().pushing(FilePath(try text(keysNode, "keys")))
    let rules = JWTRules(
      keysPath: keysPath.string, algorithms: algorithms,
      issuer: try optional(Self.node("issuer", in: found), "issuer"),
      audience: try optional(Self.node("audience", in: found), "audience"),
      userClaim: try optional(Self.node("user", in: found), "user") ?? "sub")
    keyPaths.append(keysPath)
    do { return try JWTVerifier(rules, with: library) } catch {
      throw fault(keysNode, "\(error)")
    }
  }

  private func patterns(
    _ node: TOMLNode?, _ member: String, of name: UserName, isAnonymous: Bool
  ) throws(AccessFault) -> [PatternTemplate] {
    guard let node else { return [] }
    let nodes = try list(node, member, "write \(member) = [\"orders.>\"]")
    guard nodes.count <= AccessLimits.patternsPerGrantCountMaximum else {
      throw fault(
        node,
        "\(member) has \(nodes.count) patterns: it has at most \(AccessLimits.patternsPerGrantCountMaximum)"
      )
    }
    var templates: [PatternTemplate] = []
    for node in nodes {
      let text = try text(node, member)
      let template: PatternTemplate
      do { template = try PatternTemplate(text) } catch { throw fault(node, error.text) }
      if isAnonymous, template.isOfUser {
        throw fault(node, "grant '\(name)' is for everybody, who has no name to stand for {user}")
      }
      templates.append(template)
    }
    return templates
  }

  // MARK: - Values

  private static func node(_ name: String, in members: [TOMLMember]) -> TOMLNode? {
    members.first { $0.name.hasSameBytes(as: name) }?.node
  }

  private func table(_ node: TOMLNode, _ what: String) throws(AccessFault) -> [TOMLMember] {
    guard case .table(let members) = node.value else {
      throw fault(node, "\(what) is no table")
    }
    return members
  }

  /// A table that has these members only.
  private func table(
    _ node: TOMLNode, _ what: String, of names: [String], _ owner: String
  ) throws(AccessFault) -> [TOMLMember] {
    let found = try table(node, what)
    for member in found where !names.contains(where: { $0.hasSameBytes(as: member.name) }) {
      throw fault(
        member.line, member.column,
        "\(owner) has no '\(member.name)': it has \(names.joined(separator: ", "))")
    }
    return found
  }

  private func list(
    _ node: TOMLNode, _ member: String, _ advice: String
  ) throws(AccessFault) -> [TOMLNode] {
    guard case .list(let nodes) = node.value else {
      throw fault(node, "\(member) is no list: \(advice)")
    }
    return nodes
  }

  private func text(_ node: TOMLNode, _ member: String) throws(AccessFault) -> String {
    guard case .text(let text) = node.value else {
      throw fault(node, "\(member) is no text: write it in quotes")
    }
    return text
  }

  private func optional(_ node: TOMLNode?, _ member: String) throws(AccessFault) -> String? {
    guard let node else { return nil }
    let text = try text(node, member)
    guard !text.isEmpty else {
      throw fault(node, "\(member) is empty: leave it out, or say what it is")
    }
    return text
  }

  private func time(_ node: TOMLNode, _ member: String) throws(AccessFault) -> Int64 {
    if case .time(let text) = node.value, let time = WrittenTime(text) {
      return time.unixMilliseconds
    }
    throw fault(
      node,
      "\(member) is no time: write it with its zone, such as 2027-01-01T00:00:00Z, without quotes")
  }

  private func requireTrue(_ node: TOMLNode, _ member: String) throws(AccessFault) {
    guard case .boolean(true) = node.value else {
      throw fault(node, "\(member) is only ever true: leave it out otherwise")
    }
  }

  private func fault(_ node: TOMLNode, _ text: String) -> AccessFault {
    fault(node.line, node.column, text)
  }

  private func fault(_ line: Int, _ column: Int, _ text: String) -> AccessFault {
    AccessFault(path: path.string, line: line, column: column, text: text)
  }
}
