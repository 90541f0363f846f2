import Kernel
import SystemPackage

/// Small files, read and written whole.
enum TextFile {
  /// The file's text; files of /proc among them, whose size is not known before.
  static func read(_ path: FilePath) throws(SystemCallError) -> String {
    let file = try Descriptor.open(path, .readOnly)
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      var span = piece.mutableSpan
      guard case .transferred(let count) = try file.read(into: &span), count > 0 else { break }
      bytes += piece.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Makes `text` the whole of the file.
  static func write(_ text: String, to path: FilePath) throws(SystemCallError) {
    let file = try Descriptor.open(path, .createIfMissing, permissions: 0o644)
    try file.truncate(to: 0)
    try file.writeAll(Array(text.utf8).span)
  }
}
