import Foundation
import Kernel
import Synchronization

/// Runs `body` on a thread of its own; a body that does not end is an error and is left behind, so
/// that an endless loop fails one test and does not hang them all.
func withDeadline<Value: Sendable>(
  seconds: Double = 10, _ body: @escaping @Sendable () throws -> Value
) throws -> Value {
  let outcome = Outcome<Value>()
  let isDone = DispatchSemaphore(value: 0)
  let thread = try Thread(name: "deadline") {
    let result = Result { try body() }
    outcome.value.withLock { $0 = result }
    isDone.signal()
  }
  guard isDone.wait(timeout: .now() + seconds) == .success,
    let result = outcome.value.withLock({ $0 })
  else { throw DeadlinePassed(seconds: seconds) }
  thread.join()
  return try result.get()
}

/// What was to end did not.
struct DeadlinePassed: Error, CustomStringConvertible {
  let seconds: Double
  var description: String { "it did not end within \(seconds) s" }
}

private final class Outcome<Value: Sendable>: Sendable {
  let value = Mutex<Result<Value, any Error>?>(nil)
}
