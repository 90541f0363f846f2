import Foundation
public import SystemPackage

/// A directory that is there for one test and gone after it.
public final class TemporaryDirectory: Sendable {
  /// Where it is; short enough for a unix socket in it.
  public let path: FilePath

  /// Makes it.
  ///
  /// - Parameter inMemory: for tests of so many cases that the syncs of a disk would take all the
  ///   time; what they test must not depend on the disk.
  public init(inMemory: Bool = false) throws {
    let name = "weir-test-\(UInt64.random(in: 0...UInt64.max))"
    let hasMemory = inMemory && FileManager.default.isWritableFile(atPath: "/dev/shm")
    path = FilePath(hasMemory ? "/dev/shm" : "/tmp").appending(name)
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: false)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path.string)
  }

  /// The bytes of a file in it.
  public func bytes(_ name: String) throws -> [UInt8] {
    // Foundation leaks a little at each empty file that Data(contentsOf:) reads.
    let file = try FileHandle(
      forReadingFrom: URL(fileURLWithPath: path.appending(name).string))
    return Array(try file.readToEnd() ?? Data())
  }

  /// Makes `bytes` the whole of a file in it.
  public func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path.appending(name).string))
  }

  /// Makes `bytes` the whole of a file in it, in place: who has it open sees them.
  public func overwrite(_ name: String, with bytes: [UInt8]) throws {
    let path = path.appending(name).string
    guard FileManager.default.fileExists(atPath: path) else { return try write(bytes, to: name) }
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.truncate(atOffset: 0)
    try file.write(contentsOf: bytes)
  }

  /// Removes everything in it.
  public func empty() throws {
    for name in try names() { try remove(name) }
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
