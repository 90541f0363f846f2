import Figures

extension LoopCounts {
  /// Counts a write to each of so many subscribers, `byteCount` bytes up to the end of a frame.
  func noteWhole(_ frame: Frame, byteCount: Int, subscriberCount: Int = 1) {
    noteWhole(
      eventCount: frame.eventCount, gap: frame.gap, byteCount: byteCount,
      subscriberCount: subscriberCount)
  }
}
