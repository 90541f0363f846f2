import Kernel
import Synchronization

/// Writes log lines to standard error on a thread of its own, so that nobody who logs waits for
/// whoever reads them.
///
/// Any thread may log. Lines that come while the buffer is full are dropped, and counted in a line of
/// their own once there is room.
final class LogWriter: TextOutputStream, Sendable {
  private struct State {
    var buffer: [UInt8] = []
    var droppedLineCount = 0
    var isStopped = false
  }

  private let state = Mutex(State())
  private let waker: Waker
  private let isDrained: Waker
  private let sink: @Sendable (Span<UInt8>) -> Void

  /// Bytes of log lines that wait to be written.
  static let bufferByteCountMaximum = 256 << 10
  /// Lines that are not written so long after ``stop()`` are lost.
  static let stopPatience: Duration = .seconds(1)

  /// Starts the thread.
  ///
  /// - Parameter sink: writes the bytes and may wait as long as it likes.
  init(
    to sink: @escaping @Sendable (Span<UInt8>) -> Void = { try? StandardStream.error.writeAll($0) }
  ) throws(SystemCallError) {
    waker = try Waker()
    isDrained = try Waker()
    self.sink = sink
    _ = try Thread(name: "log") { [self] in run() }
  }

  /// Takes a line in; never waits.
  func write(_ line: String) {
    let wasEmpty = state.withLock { state in
      let wasEmpty = state.buffer.isEmpty
      if state.buffer.count + line.utf8.count > Self.bufferByteCountMaximum {
        state.droppedLineCount += 1
      } else {
        state.buffer.append(contentsOf: line.utf8)
      }
      return wasEmpty
    }
    if wasEmpty { waker.ring() }
  }

  /// Waits until what was logged is written, but not longer than ``stopPatience``; once.
  func stop() {
    state.withLock { $0.isStopped = true }
    waker.ring()
    _ = try? isDrained.wait(timeout: Self.stopPatience)
  }

  private func run() {
    while true {
      let (bytes, isStopped) = takeAll()
      if !bytes.isEmpty {
        sink(bytes.span)
      } else if isStopped {
        return isDrained.ring()
      } else {
        _ = try? waker.wait()
      }
    }
  }

  private func takeAll() -> (bytes: [UInt8], isStopped: Bool) {
    state.withLock { state in
      var bytes = state.buffer
      if state.droppedLineCount > 0 {
        let notice =
          "weir: \(state.droppedLineCount) log lines are lost: whoever reads them is too slow\n"
        bytes.append(contentsOf: notice.utf8)
      }
      state.buffer = []
      state.droppedLineCount = 0
      return (bytes, state.isStopped)
    }
  }
}
