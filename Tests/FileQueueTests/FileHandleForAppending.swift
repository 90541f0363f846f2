import Foundation
import SystemPackage

/// Writes behind the end of a file, as an appender does that dies in the middle.
struct FileHandleForAppending {
  private let handle: FileHandle

  init(_ path: FilePath) throws {
    handle = try FileHandle(forUpdating: URL(fileURLWithPath: path.string))
  }

  func append(_ text: String) throws {
    try append(Array(text.utf8))
  }

  func append(_ bytes: [UInt8]) throws {
    try handle.seekToEnd()
    try handle.write(contentsOf: bytes)
  }
}
