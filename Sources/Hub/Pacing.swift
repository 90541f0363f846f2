/// When a stream loop may write again: at once after a quiet spell, under load after a pause in
/// proportion to the work just done, in which more events come together in one write.
///
/// nginx pays several times as much for relaying a write as the hub for making it, whatever its
/// size, so writing each event by itself starves nginx first and everybody then.
struct Pacing {
  private var resumesAt: Int64 = 0

  /// Nanoseconds from `now` until the next pass may begin; 0 for at once.
  func delay(now: Int64) -> Int64 {
    max(0, resumesAt - now)
  }

  /// Notes a pass that ended at `now` after so many writes.
  mutating func finishPass(now: Int64, writeCount: Int) {
    let pause = Int64(writeCount) * HubLimits.pacingNanosecondsPerWrite
    resumesAt = now + min(pause, HubLimits.pacingNanosecondsMaximum)
  }
}
