import Foundation
public import SystemPackage

/// A directory that is there for one test and gone after it.
public final class TemporaryDirectory: Sendable {
  /// Where it is; short enough for a unix socket in it.
  public let path: FilePath

  /// Makes it.
  public init() throws {
    let name = "weir-test-\(UInt64.random(in: 0...UInt64.max))"
    path = FilePath("/tmp").appending(name)
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: false)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path.string)
  }

  /// The bytes of a file in it.
  public func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path.appending(name).string)))
  }

  /// Makes `bytes` the whole of a file in it.
  public func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path.appending(name).string))
  }

  /// Removes a file in it.
  public func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: path.appending(name).string)
  }

  /// The names in it, sorted.
  public func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path.string).sorted()
  }
}
