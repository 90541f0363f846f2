import Support
import SystemPackage
import Testing

@testable import Kernel

struct UnixSocketTests {
  private func listen(at path: FilePath) throws -> Descriptor {
    try UnixSocket.listen(at: path, backlog: 8, permissions: 0o660)
  }

  @Test func `a path that somebody answers at is in use`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path.appending("s")
    let first = try listen(at: path)
    let error = #expect(throws: SystemCallError.self) { _ = try listen(at: path) }
    #expect(error?.errno == .addressInUse)
    _ = try UnixSocket.connect(to: path)
    #expect(try first.accept() != nil)
  }

  @Test func `a socket that a dead process left behind is replaced`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path.appending("s")
    _ = try listen(at: path)
    let second = try listen(at: path)
    _ = try UnixSocket.connect(to: path)
    #expect(try second.accept() != nil)
    #expect(try directory.names() == ["s"])
  }

  @Test func `a file that is no socket is never replaced`() throws {
    let directory = try TemporaryDirectory()
    try directory.write([1, 2, 3], to: "s")
    let error = #expect(throws: SystemCallError.self) {
      _ = try listen(at: directory.path.appending("s"))
    }
    #expect(error?.errno == .fileExists)
    #expect(try directory.bytes("s") == [1, 2, 3])
  }

  @Test func `a path too long for a socket says so`() throws {
    let path = FilePath("/tmp/" + String(repeating: "x", count: 110))
    let error = #expect(throws: SystemCallError.self) { _ = try listen(at: path) }
    #expect(error?.errno == .fileNameTooLong)
  }
}
