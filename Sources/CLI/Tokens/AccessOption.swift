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
  private func text(mayBeMissing: Bool) throws -> AccessText {
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

  /// Changes the file, while no other command does.
  ///
  /// - Parameter mayBeMissing: whether a file that is not there is an empty one.
  func edit(mayBeMissing: Bool = false, _ change: (inout AccessText) throws -> Void) throws {
    // The file itself is another one afterwards.
    let folder = try FileSystem.realPath(path).removingLastComponent()
    let lock = FileLock(try Descriptor.open(folder.isEmpty ? "." : folder, .directory))
    guard try lock.lock(patience: Self.lockPatience) else {
      throw CommandFailure(
        "another command is changing \(access): try again when it is done", exitCode: 75)
    }
    var text = try text(mayBeMissing: mayBeMissing)
    try change(&text)
    try FileSystem.replace(path, with: text.bytes)
    try lock.unlock()
  }

  private static let lockPatience: Duration = .seconds(5)

  /// The rules in the file.
  func rules() throws -> AccessRules {
    try AccessFile(readingFrom: path, with: CryptoSignatures()).rules
  }
}
