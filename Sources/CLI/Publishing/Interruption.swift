import Kernel

/// Ctrl-C while events are published: what has been read is published first, then the process ends.
///
/// It ends as the signal says; by a second one at once.
/// Belongs to the main thread.
final class Interruption {
  /// What whoever writes into the pipe has left to say, as it ends by the same Ctrl-C, is waited for so long.
  static let patience: Duration = .milliseconds(500)

  private let signals: SignalQueue
  private var signal: CInt?
  private var endsAt: Int64 = 0

  /// From now on signals are waited for, and do not end the process by themselves.
  init() throws(SystemCallError) {
    // One that was ignored and is waited for would arrive all the same.
    signals = try SignalQueue(
      [SignalQueue.interrupt, SignalQueue.terminate, SignalQueue.hangUp].filter {
        !SignalQueue.isIgnored($0)
      })
  }

  /// Waits until something can be read.
  ///
  /// - Parameter timeout: waits no longer; nil for as long as it takes.
  /// - Returns: whether there is something.
  func waitForInput(timeout: Duration?) throws(SystemCallError) -> Bool {
    let deadline = timeout.map { Clock.monotonicNanoseconds() + $0.wholeNanoseconds } ?? .max
    while true {
      let left = min(deadline, signal == nil ? .max : endsAt) - Clock.monotonicNanoseconds()
      let wait = Duration(nanoseconds: max(0, min(left, 3_600_000_000_000)))
      switch try signals.next(orInputFrom: .input, timeout: wait) {
      case .input: return true
      case .signal(let number): note(number)
      case .nothing: if left <= 0 { return false }
      }
    }
  }

  /// Waits; a signal that has come or comes ends the waiting.
  func pause(_ duration: Duration) throws {
    let deadline = Clock.monotonicNanoseconds() + duration.wholeNanoseconds
    while signal == nil {
      let left = deadline - Clock.monotonicNanoseconds()
      if left <= 0 { return }
      if case .signal(let number) = try signals.next(
        orInputFrom: nil, timeout: Duration(nanoseconds: left))
      {
        note(number)
      }
    }
    throw CommandFailure(
      "interrupted while the site did not answer: what was read last may not be published",
      exitCode: 75)
  }

  /// Looks whether a second signal has come.
  func check() throws(SystemCallError) {
    if case .signal(let number) = try signals.next(orInputFrom: nil, timeout: .zero) {
      note(number)
    }
  }

  /// Ends the process by the signal that came, if one did.
  func endIfInterrupted() {
    if let signal { SignalQueue.end(by: signal) }
  }

  private func note(_ number: CInt) {
    if signal != nil { SignalQueue.end(by: number) }
    signal = number
    endsAt = Clock.monotonicNanoseconds() + Self.patience.wholeNanoseconds
  }
}
