/// A token as it is sent: three parts in base64url with dots between (RFC 7515, section 7.1).
///
/// Nothing of it is believed yet.
struct CompactToken {
  /// The text of the header, JSON if it is one.
  let header: [UInt8]
  /// The text of the claims, the same.
  let claims: [UInt8]
  let signature: [UInt8]
  /// What the signature is of: header and claims as they are sent.
  let signed: [UInt8]

  /// Takes a token apart.
  ///
  /// - Throws: ``TokenFault/unknown`` for one without dots, which is a token of another kind.
  init(_ token: [UInt8]) throws(TokenFault) {
    guard token.count <= JWTLimits.tokenByteCountMaximum else { throw .tooLarge }
    let dot = UInt8(ascii: ".")
    let dots = token.indices.filter { token[$0] == dot }
    guard let first = dots.first, let second = dots.last else { throw .unknown }
    guard dots.count == 2 else {
      let isEncrypted = dots.count == 4
      throw .malformed(
        isEncrypted
          ? "it is encrypted, and weir reads signed ones only"
          : "it has \(dots.count + 1) parts with dots between instead of 3")
    }
    guard let header = TokenText.decode(token[..<first]),
      let claims = TokenText.decode(token[(first + 1)..<second]),
      let signature = TokenText.decode(token[(second + 1)...])
    else { throw .malformed("a part of it is not base64url as RFC 7515 has it, without padding") }
    self.header = header
    self.claims = claims
    self.signature = signature
    signed = Array(token[..<second])
  }
}
