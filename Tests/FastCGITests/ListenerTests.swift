import Kernel
import Support
import Testing

@testable import FastCGI

struct ListenerTests {
  @Test func `of two that want one path the second is told, even where the name is gone`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path.appending("s")
    let first = try Listener.listen(at: path)
    try directory.remove("s")
    let error = #expect(throws: SystemCallError.self) { _ = try Listener.listen(at: path) }
    #expect(error?.errno == .addressInUse)
    _ = consume first
    _ = try Listener.listen(at: path)
  }
}
