/// Why a token is not taken; no text of it holds anything of a token but the name of its algorithm.
public enum TokenFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// It is none that is known here, and no JSON Web Token.
  case unknown
  /// It is longer than ``JWTLimits/tokenByteCountMaximum``.
  case tooLarge
  /// It is no JSON Web Token, or says things that cannot be; what is wrong, in words.
  case malformed(String)
  /// It is signed by an algorithm that the grant does not list; its name, where that is one.
  case unknownAlgorithm(String)
  /// No key here is the one that it names.
  case unknownKey
  /// It was not signed with the key, or was changed.
  case wrongSignature
  /// Its time is over.
  case expired
  /// Its time has not come.
  case notYet
  /// It is from somebody else.
  case wrongIssuer
  /// It is for somebody else.
  case wrongAudience

  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .unknown: "the token is none that is known here: check it, or ask for another"
    case .tooLarge:
      "the token is longer than \(JWTLimits.tokenByteCountMaximum) bytes: put less into it"
    case .malformed(let what): "the token is not well formed: \(what)"
    case .unknownAlgorithm(let name):
      "the token is signed with \(name), which is not allowed here: sign it with one that is"
    case .unknownKey:
      "the token is signed with a key that is not known here: get a new one from the login service"
    case .wrongSignature: "the token's signature is wrong: send it as it was issued"
    case .expired: "the token has expired: get a new one"
    case .notYet: "the token is not valid yet: send it later, or set the clocks right"
    case .wrongIssuer: "the token is not from the issuer that is trusted here"
    case .wrongAudience: "the token is not for this place: ask for one with its audience (aud)"
    }
  }
}
