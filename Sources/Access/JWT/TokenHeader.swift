import JSONText

/// What a token says of its signature (RFC 7515, section 4).
///
/// It only chooses among keys that are here:
/// keys and addresses of keys that it brings (`jwk`, `jku`, `x5c`, `x5u`) are passed over.
struct TokenHeader {
  let algorithm: JWTAlgorithmName
  /// The bytes of the key's name; nil where it names none.
  let keyID: [UInt8]?

  /// Names of algorithms are no longer than this; what is, is not repeated.
  private static let algorithmByteCountMaximum = 16

  init(_ bytes: [UInt8]) throws(TokenFault) {
    let members: [JSONMember]
    do { members = try JSONText.members(of: bytes) ?? [] } catch {
      throw .malformed("its header is not JSON")
    }
    var algorithm: String?
    var keyID: [UInt8]?
    for member in members {
      if member.isNamed("alg") {
        algorithm = member.value.string(in: bytes)
      } else if member.isNamed("kid") {
        guard let text = member.value.string(in: bytes) else {
          throw .malformed("its header's 'kid' is no text")
        }
        keyID = Array(text.utf8)
      } else if member.isNamed("crit") || member.isNamed("b64") {
        // Whoever understands none of what is critical has to refuse it (RFC 7515, section 4.1.11).
        throw .malformed("its header has extensions ('crit' or 'b64'), of which weir knows none")
      }
    }
    guard let algorithm else { throw .malformed("its header names no algorithm ('alg')") }
    guard let known = JWTAlgorithmName(named: algorithm) else {
      throw .unknownAlgorithm(Self.excerpt(algorithm))
    }
    self.algorithm = known
    self.keyID = keyID
  }

  private static func excerpt(_ name: String) -> String {
    let isName = name.utf8.allSatisfy {
      ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z"))
        || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
    }
    return isName && (1...algorithmByteCountMaximum).contains(name.utf8.count)
      ? name : "an unknown algorithm"
  }
}

extension JSONMember {
  /// Whether its name is this one, to the byte.
  func isNamed(_ name: String) -> Bool { self.name.elementsEqual(name.utf8) }
}
