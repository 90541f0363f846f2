import Synchronization

/// Shows that a loop still turns: its thread beats once a turn, any thread looks.
///
/// A beat is one store to memory of its own.
public final class Pulse: Sendable {
  /// The loop's name, that of its thread.
  public let name: String
  /// Monotonic nanoseconds of the last turn; the greatest value where no turn is to be expected.
  private let lastTurn = Atomic<Int64>(.max)

  /// A loop that has not begun.
  public init(name: String) {
    self.name = name
  }

  /// Notes a turn; the loop's thread calls it.
  @inline(__always)
  public func beat(now: Int64) {
    lastTurn.store(now, ordering: .relaxed)
  }

  /// Notes that the loop has ended; the loop's thread calls it.
  public func end() {
    lastTurn.store(.max, ordering: .relaxed)
  }

  /// For how long the loop has not turned, in nanoseconds; 0 where it is not running.
  public func silence(now: Int64) -> Int64 {
    let turn = lastTurn.load(ordering: .relaxed)
    return turn == .max ? 0 : max(0, now - turn)
  }
}
