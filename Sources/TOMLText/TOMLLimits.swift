/// The bounds of a TOML text, in one place.
enum TOMLLimits {
  /// Bytes of a text: room for some 300,000 grants.
  static let byteCountMaximum = 64 << 20
  /// Parts of one key or header, with dots between.
  ///
  /// toml++ puts a table into another for each, as many as there are, and frees them by recursion.
  static let keyPartCountMaximum = 32
  /// How deep values may lie in one another.
  static let depthMaximum = 32
}
