import Kernel
public import SystemPackage
import TOMLText

/// A file of rules, in TOML 1.0.
///
/// It has tables `[[grant]]`, each with a name, one way to prove to be meant, and patterns for `publish` and
/// `subscribe`; Access.docc describes it.
public struct AccessFile: Sendable {
  /// What it allows.
  public let rules: AccessRules
  /// Other files that it names, which are read with it.
  public let keyPaths: [FilePath]

  /// Reads a file and the key files that it names; any thread, may take a while.
  ///
  /// - Parameter library: what verifies and hashes tokens.
  /// - Throws: the first thing that is wrong; nothing of such a file holds.
  public init(
    readingFrom path: FilePath, with library: any SignatureLibrary
  ) throws(AccessFault) {
    let bytes: [UInt8]
    do {
      bytes = try FileSystem.read(path, byteCountMaximum: AccessLimits.fileByteCountMaximum)
    } catch {
      // The path stands before it.
      let cause = SystemCallError(call: error.call, errno: error.errno)
      throw AccessFault(path: path.string, text: cause.descriptionWithAdvice)
    }
    try self.init(bytes, at: path, with: library)
  }

  /// Reads the bytes of a file.
  ///
  /// - Parameter path: of the file; the paths in it are relative to its folder.
  public init(
    _ bytes: [UInt8], at path: FilePath, with library: any SignatureLibrary
  ) throws(AccessFault) {
    let root: TOMLNode
    do { root = try TOMLText.parse(bytes) } catch {
      throw AccessFault(
        path: path.string, line: error.line, column: error.column, text: error.text)
    }
    var reader = GrantReader(path, library)
    (rules, keyPaths) = try reader.read(root)
  }
}
