import Kernel
import Synchronization
import SystemPackage
import Testing

struct ThreadTests {
  @Test func `a thread runs with the state that it has made`() throws {
    let seen = Atomic(0)
    try Thread.owning(name: "runs", state: { 7 }) { seen.store($0, ordering: .relaxed) }.join()
    #expect(seen.load(ordering: .relaxed) == 7)
  }

  @Test func `a thread whose state cannot be made is an error of who starts it`() throws {
    let error = #expect(throws: SystemCallError.self) {
      _ = try Thread.owning(name: "fails", state: Self.fail) { _ in }
    }
    #expect(error?.errno == .tooManyOpenFiles)
  }

  private static func fail() throws -> Int {
    throw SystemCallError(call: "open", errno: .tooManyOpenFiles)
  }
}
