/// What verifies signatures: a library of cryptography, which is handed in.
///
/// So everything else about tokens is built, tested and fuzzed without one, which takes longer to build than
/// all of weir.
public protocol SignatureLibrary: Sendable {
  /// Makes a key.
  ///
  /// - Throws: why it is none.
  func key(of material: KeyMaterial) throws(KeyMaterialFault) -> any SignatureKey

  /// The hash SHA-256 (FIPS 180-4), 32 bytes.
  func sha256(of bytes: [UInt8]) -> [UInt8]
}

/// A key that signatures are held against; any thread may ask it.
public protocol SignatureKey: Sendable {
  /// What it is.
  var kind: KeyKind { get }

  /// What tells it from every other key of its kind, whatever file it stands in; a secret's hash.
  var identity: [UInt8] { get }

  /// Whether `signature` is of `signed` by this key; false also for what can be no signature.
  ///
  /// Takes as long for each wrong signature of a secret.
  func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool
}
