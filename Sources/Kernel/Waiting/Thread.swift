import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A thread of the operating system, for a loop that owns its state and blocks in the kernel.
public final class Thread: Sendable {
  private let handle: pthread_t

  /// Starts a thread that runs `body` to its end (pthread_create(3)).
  ///
  /// - Parameters:
  ///   - name: shown by ps and top, at most 15 bytes.
  ///   - body: what it captures passes over to the thread.
  public init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
    precondition(name.utf8.count <= 15, "a thread's name has at most 15 bytes")
    let box = unsafe Unmanaged.passRetained(ThreadBody(name: name, run: body))
    var handle = pthread_t()
    let error = unsafe pthread_create(
      &handle, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let body = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
        _ = unsafe body.name.withCString { unsafe pthread_setname_np(pthread_self(), $0) }
        body.run()
        return nil
      }, box.toOpaque())
    guard error == 0 else {
      unsafe box.release()
      throw SystemCallError(call: "pthread_create", errno: Errno(rawValue: error), subject: name)
    }
    self.handle = handle
  }

  /// Starts a thread that makes its own state and then runs with it; returns once the state is made.
  ///
  /// - Throws: what making the state throws, and what stands in the way of a thread.
  public static func owning<State: ~Copyable>(
    name: String, state make: @escaping @Sendable () throws -> State,
    _ body: @escaping @Sendable (consuming State) -> Void
  ) throws -> Thread {
    let start = try ThreadStart()
    let thread = try Thread(name: name) {
      let state: State
      do { state = try make() } catch { return start.finish(error) }
      start.finish(nil)
      body(state)
    }
    if let error = try start.wait() {
      thread.join()
      throw error
    }
    return thread
  }

  /// Waits for the thread to end (pthread_join(3)); its owner calls it, once.
  public func join() {
    _ = pthread_join(handle, nil)
  }
}

/// Tells who starts a thread how its start went.
private final class ThreadStart: Sendable {
  private let waker: Waker
  private let error = Mutex<(any Error)?>(nil)

  init() throws(SystemCallError) {
    waker = try Waker()
  }

  func finish(_ error: (any Error)?) {
    self.error.withLock { $0 = error }
    waker.ring()
  }

  func wait() throws(SystemCallError) -> (any Error)? {
    try waker.wait()
    return error.withLock { $0 }
  }
}

private final class ThreadBody: Sendable {
  let name: String
  let run: @Sendable () -> Void

  init(name: String, run: @escaping @Sendable () -> Void) {
    self.name = name
    self.run = run
  }
}
