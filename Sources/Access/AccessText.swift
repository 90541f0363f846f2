public import SystemPackage

/// The text of a file of rules, in which grants are put and taken away; all else in it, comments too, stays.
public struct AccessText: Sendable {
  /// The text.
  public private(set) var bytes: [UInt8]
  private let path: FilePath
  private let library: any SignatureLibrary

  /// The text of a file.
  ///
  /// - Parameter path: of the file, to which what is said of it refers.
  public init(_ bytes: [UInt8], at path: FilePath, with library: any SignatureLibrary) {
    self.bytes = bytes
    self.path = path
    self.library = library
  }

  /// Puts a grant of a token behind all others.
  ///
  /// - Parameter expires: as the file has it; nil for never.
  /// - Throws: what would be wrong with the file then; it is as before.
  public mutating func add(
    name: String, _ hash: TokenHash, publish: [String], subscribe: [String], expires: String?
  ) throws(AccessFault) {
    var added = bytes
    if let last = added.last, last != UInt8(ascii: "\n") { added.append(UInt8(ascii: "\n")) }
    if !added.isEmpty { added.append(UInt8(ascii: "\n")) }
    added +=
      Self.grant(name: name, hash, publish: publish, subscribe: subscribe, expires: expires)
      .utf8
    do throws(AccessFault) {
      _ = try AccessFile(added, at: path, with: library)
    } catch {
      // The place would be one in a text that nobody sees, unless the file has had the fault before.
      _ = try AccessFile(bytes, at: path, with: library)
      throw AccessFault(path: path.string, text: error.text)
    }
    bytes = added
  }

  /// Takes a grant away.
  ///
  /// - Returns: whether there was one of that name.
  /// - Throws: what is wrong with the file, or would be; it is as before then.
  public mutating func remove(name: String) throws(AccessFault) -> Bool {
    let grants = try AccessFile(bytes, at: path, with: library).rules.places
    guard let place = grants.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      return false
    }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let first = grants[place].line - 1
    var end = place + 1 < grants.count ? grants[place + 1].line - 1 : lines.count
    // What stands right before the next grant is said of it.
    while place + 1 < grants.count, end > first + 1, Self.isComment(lines[end - 1]) { end -= 1 }
    let rest = lines[..<first] + lines[end...]
    let text = Array(rest.joined(separator: [UInt8(ascii: "\n")]))
    // A grant that is written in another way than as a table of its own is not found by its lines.
    let left = try AccessFile(text, at: path, with: library).rules.places.map(\.name)
    let wanted = (grants[..<place] + grants[(place + 1)...]).map(\.name)
    guard left.elementsEqual(wanted, by: { $0.utf8.elementsEqual($1.utf8) }) else {
      throw AccessFault(
        path: path.string, line: grants[place].line, column: 1,
        text: "the grant is not written as [[grant]] with lines of its own: take it out by hand")
    }
    bytes = text
    return true
  }

  /// A grant as a file has it.
  public static func grant(
    name: String, _ hash: TokenHash, publish: [String], subscribe: [String], expires: String?
  ) -> String {
    var lines = ["[[grant]]", "name = \(quoted(name))", "token = \"\(hash)\""]
    if let expires { lines.append("expires = \(expires)") }
    lines.append("publish = [\(publish.map(quoted).joined(separator: ", "))]")
    lines.append("subscribe = [\(subscribe.map(quoted).joined(separator: ", "))]")
    return lines.map { $0 + "\n" }.joined()
  }

  /// A basic string (TOML 1.0).
  private static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        bytes.append(UInt8(ascii: "\\"))
      }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isComment(_ line: ArraySlice<UInt8>) -> Bool {
    let text = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return text.first == UInt8(ascii: "#")
  }
}
