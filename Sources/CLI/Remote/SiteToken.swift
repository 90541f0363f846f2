import Kernel
import SystemPackage

/// The token that a site wants.
///
/// No command takes it as an argument: whoever is on the machine reads those in the list of processes.
enum SiteToken {
  static let variable = "WEIR_TOKEN"
  /// Bytes of a file: more than any server takes as a header.
  private static let fileByteCountMaximum = 64 << 10

  /// The token in a file, or in the variable where no file is named; nil where there is none.
  static func read(file: String?) throws(CommandFailure) -> String? {
    guard let file else {
      guard let text = Environment[variable] else { return nil }
      return try token(text.utf8, in: "the variable \(variable)")
    }
    let path = try SecretPath.resolve(file, of: "--token-file")
    let bytes: [UInt8]
    do {
      // A pipe, too: it may come from what keeps secrets.
      bytes = try Descriptor.open(path, .readOnly).readAll(byteCountMaximum: fileByteCountMaximum)
    } catch {
      throw CommandFailure(
        SystemCallError(call: error.call, errno: error.errno, subject: path.string))
    }
    guard bytes.count <= fileByteCountMaximum else {
      throw CommandFailure(
        "\(path) has more than \(fileByteCountMaximum) bytes: name a file with the token alone",
        exitCode: 65)
    }
    return try token(bytes, in: "\(path)")
  }

  /// What stands there, without the space and the newline that editors and `echo` leave around it; never told in
  /// an error.
  private static func token(
    _ bytes: some BidirectionalCollection<UInt8>, in place: String
  ) throws(CommandFailure) -> String {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }),
      let last = bytes.lastIndex(where: { !isSpace($0) })
    else { throw CommandFailure("\(place) is empty: put the token into it", exitCode: 65) }
    let token = bytes[first...last]
    guard token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw CommandFailure(
        "\(place) has more in it than a token, which is one word: leave out what stands beside it",
        exitCode: 65)
    }
    return String(decoding: token, as: UTF8.self)
  }
}
