import Synchronization

@testable import FileQueue

/// Clocks that go as a test says.
final class TestClocks: Sendable {
  private struct State {
    var wall: Int64 = 1_800_000_000_000
    var boot: Int64 = 0
  }

  private let state = Mutex(State())

  var sources: ClockSources {
    ClockSources(
      wall: { self.state.withLock { $0.wall } },
      steady: { self.state.withLock { $0.boot } })
  }

  /// Time goes by, whether or not the machine sleeps.
  func pass(_ milliseconds: Int64) {
    state.withLock {
      $0.wall += milliseconds
      $0.boot += milliseconds * 1_000_000
    }
  }

  /// The wall clock is set.
  func step(_ milliseconds: Int64) { state.withLock { $0.wall += milliseconds } }
}
