import JSONText
import SystemPackage

/// A JSON Web Key, or a set of them (RFC 7517; for their members RFC 7518, section 6, and RFC 8037).
struct KeySet {
  private let bytes: [UInt8]
  private let path: FilePath
  /// The members of each; nil for what is no object.
  private let keys: [[JSONMember]?]

  /// Members that only private keys have.
  private static let privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth"]
  private static let shownIDByteCountMaximum = 64

  init(_ bytes: [UInt8], _ path: FilePath) throws(KeyFileFault) {
    self.bytes = bytes
    self.path = path
    let members: [JSONMember]?
    do { members = try JSONText.members(of: bytes) } catch {
      throw KeyFileFault(path: path.string, "it is not JSON, which begins with { or [: \(error)")
    }
    guard let members else {
      throw KeyFileFault(path: path.string, "it is no JSON object: a JWKS is {\"keys\": […]}")
    }
    if let list = members.first(where: { $0.isNamed("keys") }) {
      guard let keys = list.value.elements(in: bytes) else {
        throw KeyFileFault(path: path.string, "'keys' is no list")
      }
      self.keys = keys.map { $0.members(in: bytes) }
    } else if members.contains(where: { $0.isNamed("kty") }) {
      keys = [members]
    } else {
      let isDiscovery = members.contains { $0.isNamed("jwks_uri") }
      throw KeyFileFault(
        path: path.string,
        isDiscovery
          ? "it says where keys are, and is none itself: put what its 'jwks_uri' names here"
          : "it is neither a key (with 'kty') nor a set of keys (with 'keys')")
    }
    guard keys.count <= JWTLimits.keyCountMaximum else {
      throw KeyFileFault(
        path: path.string,
        "it has \(keys.count) keys, and may have \(JWTLimits.keyCountMaximum): take the old ones out"
      )
    }
  }

  /// The keys that are for these algorithms.
  func entries(for algorithms: [JWTAlgorithmName]) throws(KeyFileFault) -> [KeyFile.Entry] {
    var entries: [KeyFile.Entry] = []
    for (index, members) in keys.enumerated() {
      guard let members else {
        throw KeyFileFault(path: path.string, key: "key \(index + 1)", "it is no JSON object")
      }
      let key = Key(number: index + 1, members: members, set: self)
      if let entry = try key.entry(for: algorithms) { entries.append(entry) }
    }
    return entries
  }

  /// One key of the set.
  private struct Key {
    let number: Int
    let members: [JSONMember]
    let set: KeySet

    /// The key; nil where it is for something else.
    func entry(for algorithms: [JWTAlgorithmName]) throws(KeyFileFault) -> KeyFile.Entry? {
      guard let type = try text("kty") else { throw fault("it has no type ('kty')") }
      let isSecret = type.utf8.elementsEqual("oct".utf8)
      if !isSecret, let member = KeySet.privateMembers.first(where: { value($0) != nil }) {
        throw fault(
          "it is a private key (it has '\(member)'), which only who signs may have: put the public one here"
        )
      }
      guard let kind = try kind(type), try isForVerifying() else { return nil }
      var algorithm: JWTAlgorithmName?
      if let name = try text("alg") {
        guard let known = JWTAlgorithmName(named: name) else { return nil }
        guard known.keyKind == kind else { throw fault("it is \(kind), and 'alg' says \(name)") }
        algorithm = known
      }
      guard algorithms.contains(where: { $0.keyKind == kind && algorithm ?? $0 == $0 }) else {
        return nil
      }
      let id = try text("kid").map { Array($0.utf8) }
      if let id, id.count > JWTLimits.keyIDByteCountMaximum {
        throw fault("its name ('kid') is longer than \(JWTLimits.keyIDByteCountMaximum) bytes")
      }
      return KeyFile.Entry(
        label: label, id: id, algorithm: algorithm, kind: kind, material: try material(of: kind))
    }

    private func kind(_ type: String) throws(KeyFileFault) -> KeyKind? {
      let curve = try text("crv") ?? ""
      let kinds: [(type: String, curve: String?, kind: KeyKind)] = [
        ("oct", nil, .secret), ("RSA", nil, .rsa), ("EC", "P-256", .p256), ("EC", "P-384", .p384),
        ("OKP", "Ed25519", .ed25519),
      ]
      return kinds.first { known in
        known.type.utf8.elementsEqual(type.utf8)
          && (known.curve.map { $0.utf8.elementsEqual(curve.utf8) } ?? true)
      }?.kind
    }

    /// Whether it may verify: keys are also for encryption.
    private func isForVerifying() throws(KeyFileFault) -> Bool {
      if let use = try text("use"), !use.utf8.elementsEqual("sig".utf8) { return false }
      guard let operations = value("key_ops") else { return true }
      guard let operations = operations.elements(in: set.bytes) else {
        throw fault("'key_ops' is no list")
      }
      return operations.contains {
        $0.string(in: set.bytes).map { $0.utf8.elementsEqual("verify".utf8) } ?? false
      }
    }

    private func material(of kind: KeyKind) throws(KeyFileFault) -> KeyMaterial {
      switch kind {
      case .secret:
        let secret = try bytes("k")
        guard secret.count >= JWTLimits.secretByteCountMinimum else {
          throw fault(
            "its secret has \(secret.count) bytes, and needs \(JWTLimits.secretByteCountMinimum): make "
              + "another one for you and who signs")
        }
        return .secret(secret)
      case .p256: return .p256(x: try bytes("x", 32), y: try bytes("y", 32))
      case .p384: return .p384(x: try bytes("x", 48), y: try bytes("y", 48))
      case .ed25519: return .ed25519(try bytes("x", 32))
      case .rsa: return .rsa(modulus: try bytes("n"), exponent: try bytes("e"))
      }
    }

    private func value(_ name: String) -> JSONValue? {
      members.first { $0.isNamed(name) }?.value
    }

    private func text(_ name: String) throws(KeyFileFault) -> String? {
      guard let value = value(name) else { return nil }
      guard let text = value.string(in: set.bytes) else { throw fault("'\(name)' is no text") }
      return text
    }

    private func bytes(_ name: String, _ byteCount: Int? = nil) throws(KeyFileFault) -> [UInt8] {
      guard let text = try text(name) else { throw fault("it has no '\(name)'") }
      guard let bytes = TokenText.decode(Array(text.utf8)), !bytes.isEmpty else {
        throw fault("'\(name)' is not base64url without padding (RFC 7518)")
      }
      if let byteCount, bytes.count != byteCount {
        throw fault("'\(name)' has \(bytes.count) bytes instead of \(byteCount)")
      }
      return bytes
    }

    /// Which key it is, for people: its number, and its name where that can be shown.
    private var label: String {
      guard let id = value("kid")?.string(in: set.bytes),
        (1...KeySet.shownIDByteCountMaximum).contains(id.utf8.count),
        id.utf8.allSatisfy({ (0x20..<0x7F).contains($0) })
      else { return "key \(number)" }
      return "key \(number) ('\(id)')"
    }

    private func fault(_ text: String) -> KeyFileFault {
      KeyFileFault(path: set.path.string, key: label, text)
    }
  }
}
