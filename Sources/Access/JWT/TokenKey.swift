/// A key that tokens may be signed with, for one algorithm.
struct TokenKey: Sendable {
  /// Its name in its file; nil where it has none, and fits tokens that name any.
  let id: [UInt8]?
  let algorithm: JWTAlgorithmName
  let key: any SignatureKey
}
