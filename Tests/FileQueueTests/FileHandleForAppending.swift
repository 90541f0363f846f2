import Foundation
import SystemPackage

/// Writes behind the end of a file, as an appender does that dies in the middle.
struct FileHandleForAppending {
  private let handle: FileHandle

  init(_ path: FilePath) throws {
    handle = try FileHandle(forUpdating: URL(fileURLWithPath: path.string))
  }

  func append(_ text: String) throws {
    try handle.seekToEnd()
    try handle.write(contentsOf: Array(text.utf8))
  }
}
