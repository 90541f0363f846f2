import FoundationEssentials

/// JSON as weir writes it: keys sorted, slashes as they are, a newline at the end for terminals.
package enum JSON {
  /// A value as a line of JSON.
  package static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      preconditionFailure("texts and numbers can be encoded")
    }
    return Array(data) + [UInt8(ascii: "\n")]
  }
}
