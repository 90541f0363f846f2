/// Reads TOML 1.0 (toml.io), such as settings that people write, and says where each thing stands.
///
/// A pure function for any thread. What is wrong with the text is told with its place; so can whoever
/// reads the values tell what is wrong in them. The reading itself is toml++'s.
public enum TOMLText {
  /// The table that `bytes` are.
  ///
  /// - Throws: what is wrong, and where, for the first such place; also what is beyond a limit of
  ///   `TOMLLimits`.
  public static func parse(_ bytes: [UInt8]) throws(TOMLFault) -> TOMLNode {
    guard bytes.count <= TOMLLimits.byteCountMaximum else {
      throw TOMLFault(
        line: 1, column: 1,
        text: "it has \(bytes.count) bytes; the limit is \(TOMLLimits.byteCountMaximum)")
    }
    try KeyParts.check(bytes)
    let document = TOMLDocument(bytes)
    if let fault = document.fault { throw fault }
    var tree = TOMLTree(document, TOMLSource(bytes))
    return try tree.node(depth: 1)
  }
}
