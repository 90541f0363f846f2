import Access
import ArgumentParser
import Kernel
import Signatures
import SystemPackage

/// The option that names the file of rules.
struct AccessOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("The file of access rules, as of weir serve --access.", valueName: "file"))
  var access: String

  var path: FilePath { FilePath(access) }

  /// The text of the file.
  ///
  /// - Parameter mayBeMissing: whether a file that is not there is an empty one.
  func text(mayBeMissing: Bool = false) throws -> AccessText {
    do throws(SystemCallError) {
      let bytes = try FileSystem.read(path, byteCountMaximum: AccessLimits.fileByteCountMaximum)
      return AccessText(bytes, at: path, with: CryptoSignatures())
    } catch {
      if mayBeMissing, error.errno == .noSuchFileOrDirectory {
        return AccessText([], at: path, with: CryptoSignatures())
      }
      throw error
    }
  }

  /// The rules in the file.
  func rules() throws -> AccessRules {
    try AccessFile(readingFrom: path, with: CryptoSignatures()).rules
  }
}
