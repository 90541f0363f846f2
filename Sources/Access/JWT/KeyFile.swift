import Kernel
import SystemPackage

/// A file of keys that tokens are verified with: a JWKS, public keys in PEM, or a secret.
struct KeyFile {
  /// A key as it stands in the file.
  struct Entry {
    /// Which one, for people.
    let label: String
    /// Its name; nil where it has none.
    let id: [UInt8]?
    /// The algorithm that it is for by its file; nil where that says none.
    let algorithm: JWTAlgorithmName?
    /// What it is; nil where what it is made of says so.
    let kind: KeyKind?
    let material: KeyMaterial
  }

  private let path: FilePath
  private let bytes: [UInt8]
  private let permissions: UInt32

  /// Reads a file; blocks.
  init(readingFrom path: FilePath) throws(KeyFileFault) {
    do throws(SystemCallError) {
      let bytes = try FileSystem.read(
        path, byteCountMaximum: JWTLimits.keyFileByteCountMaximum)
      try self.init(bytes, permissions: FileStatus(of: path).permissions, at: path)
    } catch {
      throw KeyFileFault(path: path.string, error.descriptionWithAdvice)
    }
  }

  /// - Parameter permissions: the bits of its mode.
  init(_ bytes: [UInt8], permissions: UInt32, at path: FilePath) {
    self.path = path
    self.bytes = bytes
    self.permissions = permissions
  }

  /// The keys that tokens of these algorithms may be signed with.
  ///
  /// Keys of a JWKS that are for something else are passed over, as its standard wants it; what is for these
  /// algorithms has to be whole.
  func keys(
    for algorithms: [JWTAlgorithmName], with library: some SignatureLibrary
  ) throws(KeyFileFault) -> [TokenKey] {
    // Who may write here may make tokens.
    if permissions & 0o002 != 0 {
      throw fault("everybody may write to it, and so become anybody: chmod o-w \(path)")
    }
    var keys: [TokenKey] = []
    for entry in try entries(for: algorithms) {
      let key: any SignatureKey
      do { key = try library.key(of: entry.material) } catch {
        throw fault("\(error)", key: entry.label)
      }
      for algorithm in JWTAlgorithmName.allCases
      where algorithms.contains(algorithm) && algorithm.keyKind == key.kind {
        guard entry.algorithm ?? algorithm == algorithm else { continue }
        keys.append(TokenKey(id: entry.id, algorithm: algorithm, key: key))
      }
    }
    try check(keys, for: algorithms)
    return keys
  }

  private func check(
    _ keys: [TokenKey], for algorithms: [JWTAlgorithmName]
  ) throws(KeyFileFault) {
    guard !keys.isEmpty else {
      throw fault(
        "it has no key for \(algorithms.map(\.rawValue).joined(separator: ", ")): name the algorithm of "
          + "its keys, or another file")
    }
    for algorithm in algorithms {
      let ids = keys.filter { $0.algorithm == algorithm }.map(\.id)
      for id in Set(ids) where ids.count(where: { $0 == id }) > JWTLimits.triedKeyCountMaximum {
        throw fault(
          "more than \(JWTLimits.triedKeyCountMaximum) keys for \(algorithm.rawValue) have "
            + (id == nil ? "no name (kid): give each its own" : "the same name (kid)"))
      }
    }
  }

  private func entries(for algorithms: [JWTAlgorithmName]) throws(KeyFileFault) -> [Entry] {
    guard let first = bytes.first(where: { !Self.isSpace($0) }) else {
      throw fault("it is empty: put the keys that tokens are signed with into it")
    }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      // Also where a secret is wanted: a JWKS that is not whole would be one that others know.
      let entries = try KeySet(bytes, path).entries(for: algorithms)
      if entries.contains(where: { $0.kind == .secret }) { try requirePrivate() }
      return entries
    }
    if PEMText.isIn(bytes) {
      if algorithms.allSatisfy({ $0.keyKind == .secret }) {
        throw fault(
          "it holds a public key, and HS256 needs a secret: a public key is known to everybody, who could "
            + "sign with it; name ES256, RS256 or EdDSA, as it was made for")
      }
      return try PEMText(bytes, path).entries()
    }
    guard algorithms.contains(.hs256) else {
      throw fault(
        "it is neither a JWKS (JSON) nor public keys in PEM (-----BEGIN PUBLIC KEY-----)")
    }
    return [try secret()]
  }

  // MARK: - A secret

  private func secret() throws(KeyFileFault) -> Entry {
    try requirePrivate()
    var content = bytes[...]
    // The newline that editors and `echo` put behind it.
    if content.last == UInt8(ascii: "\n") { content = content.dropLast() }
    if content.last == UInt8(ascii: "\r") { content = content.dropLast() }
    if Self.isPublicKey(content) {
      throw fault(
        "it holds a public key, and HS256 needs a secret: a public key is known to everybody, who could "
          + "sign with it")
    }
    guard content.count >= JWTLimits.secretByteCountMinimum else {
      throw fault(
        "its secret has \(content.count) bytes, and needs \(JWTLimits.secretByteCountMinimum): make one "
          + "with openssl rand -hex 32, and give it to who signs")
    }
    return Entry(
      label: "the secret", id: nil, algorithm: .hs256, kind: .secret,
      material: .secret(Array(content)))
  }

  private func requirePrivate() throws(KeyFileFault) {
    guard permissions & 0o007 == 0 else {
      throw fault("it holds a secret that others can read: chmod 600 \(path)")
    }
  }

  /// Whether these bytes are a public key in DER, base64 of one, or as OpenSSH writes it: known to everybody,
  /// it would let everybody sign.
  private static func isPublicKey(_ bytes: ArraySlice<UInt8>) -> Bool {
    for name in ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "---- BEGIN SSH2"]
    where bytes.starts(with: name.utf8) { return true }
    return isDER(Array(bytes)) || (PEMText.base64(bytes).map(isDER) ?? false)
  }

  /// Whether the bytes are one sequence of DER that begins as keys and certificates do; the shortest is one on
  /// Ed25519.
  private static func isDER(_ bytes: [UInt8]) -> Bool {
    let (sequence, integer): (UInt8, UInt8) = (0x30, 0x02)
    guard bytes.count >= 44, bytes[0] == sequence else { return false }
    let isLong = bytes[1] >= 0x80
    let width = isLong ? Int(bytes[1] & 0x7F) : 0
    guard (0...3).contains(width) else { return false }
    let length = isLong ? bytes[2..<(2 + width)].reduce(0) { $0 << 8 | Int($1) } : Int(bytes[1])
    let first = bytes[2 + width]
    return bytes.count == 2 + width + length && (first == sequence || first == integer)
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }

  private func fault(_ text: String, key: String? = nil) -> KeyFileFault {
    KeyFileFault(path: path.string, key: key, text)
  }
}
