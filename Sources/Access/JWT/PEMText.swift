import SystemPackage

/// Public keys in PEM (RFC 7468).
struct PEMText {
  private struct Block {
    let label: String
    let content: ArraySlice<UInt8>
  }

  private let path: FilePath
  private let blocks: [Block]

  private static let begin = Array("-----BEGIN ".utf8)
  private static let end = Array("-----END ".utf8)
  private static let dashes = Array("-----".utf8)
  private static let labelByteCountMaximum = 40

  /// Whether there is PEM in these bytes.
  static func isIn(_ bytes: [UInt8]) -> Bool { place(of: begin, in: bytes[...]) != nil }

  /// Finds the blocks; what stands between them is text for people.
  init(_ bytes: [UInt8], _ path: FilePath) throws(KeyFileFault) {
    self.path = path
    var blocks: [Block] = []
    var rest = bytes[...]
    while let start = Self.place(of: Self.begin, in: rest) {
      guard blocks.count < JWTLimits.keyCountMaximum else {
        throw KeyFileFault(
          path: path.string, "it has more than \(JWTLimits.keyCountMaximum) keys")
      }
      rest = rest[(start + Self.begin.count)...]
      guard let labelEnd = Self.place(of: Self.dashes, in: rest),
        let end = Self.place(of: Self.end, in: rest), labelEnd + Self.dashes.count <= end
      else {
        throw KeyFileFault(
          path: path.string, key: "key \(blocks.count + 1)",
          "it has no end (-----END): copy all of it")
      }
      let label = rest[..<labelEnd]
      let isLabel =
        (1...Self.labelByteCountMaximum).contains(label.count)
        && label.allSatisfy { (0x20..<0x7F).contains($0) }
      blocks.append(
        Block(
          label: isLabel ? String(decoding: label, as: UTF8.self) : "something else",
          content: rest[(labelEnd + Self.dashes.count)..<end]))
      rest = rest[end...]
    }
    self.blocks = blocks
  }

  /// The keys.
  func entries() throws(KeyFileFault) -> [KeyFile.Entry] {
    var entries: [KeyFile.Entry] = []
    for (index, block) in blocks.enumerated() {
      let label = "key \(index + 1)"
      try refuse(block.label, label)
      guard let der = Self.base64(block.content) else {
        throw KeyFileFault(
          path: path.string, key: label, "what stands in it is not base64: copy it again")
      }
      entries.append(
        KeyFile.Entry(
          label: label, id: nil, algorithm: nil, kind: nil, material: .publicKey(der)))
    }
    return entries
  }

  private func refuse(_ name: String, _ label: String) throws(KeyFileFault) {
    if name.utf8.elementsEqual("PUBLIC KEY".utf8) { return }
    let isPrivate = Self.place(of: Array("PRIVATE KEY".utf8), in: Array(name.utf8)[...]) != nil
    let advice =
      if isPrivate {
        "it is a private key, which only who signs may have: put the public one here (openssl pkey -in "
          + "KEY -pubout)"
      } else if name.utf8.elementsEqual("CERTIFICATE".utf8) {
        "it is a certificate, whose time and issuer weir would not look at: put its public key here "
          + "(openssl x509 -in \(path) -noout -pubkey)"
      } else if name.utf8.elementsEqual("RSA PUBLIC KEY".utf8) {
        "it is in an older form: write it anew (openssl rsa -RSAPublicKey_in -in \(path) -pubout)"
      } else {
        "it is '\(name)' and no PUBLIC KEY"
      }
    throw KeyFileFault(path: path.string, key: label, advice)
  }

  /// The bytes of base64 with white space between (RFC 4648, section 4); nil where it is none.
  static func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var letters = text.filter { !KeyFile.isSpace($0) }
    guard letters.count % 4 == 0 else { return nil }
    for _ in 0..<2 where letters.last == UInt8(ascii: "=") { letters.removeLast() }
    for index in letters.indices {
      switch letters[index] {
      case UInt8(ascii: "+"): letters[index] = UInt8(ascii: "-")
      case UInt8(ascii: "/"): letters[index] = UInt8(ascii: "_")
      case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
      default: continue
      }
    }
    return TokenText.decode(letters)
  }

  private static func place(of text: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    bytes.indices.first { bytes[$0] == text[0] && bytes[$0...].starts(with: text) }
  }
}
