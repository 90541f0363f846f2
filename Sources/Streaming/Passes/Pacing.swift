import Kernel

/// When a stream loop may write again: at once after a quiet spell, under load when the web server
/// has read what it was given last.
///
/// nginx pays several times as much for relaying a write as the hub for making it, whatever its
/// size, so writing each event by itself starves nginx first and everybody then. What it has not
/// read yet tells how far it is, without knowing what it costs: while it reads, more events come
/// together for the next write, more the slower it is.
struct Pacing {
  /// Whoever has stopped reading is waited for no longer than this, and what the writes may take.
  private let patience: Duration
  /// Streams of the last pass whose sockets were empty before it and are looked at until they are
  /// empty again; those of clients that do not read never count.
  private var samples: [EpollToken] = []
  private var sampleCount = 0
  private var writeCount = 0
  private var beganAt: Int64 = 0
  private var endedAt: Int64 = 0
  /// When the web server was last seen to be busy with the last pass.
  private var busyUntil: Int64 = 0
  private var opensAt: Int64 = 0
  /// Streams that were opened since the last pass began.
  private var arrivalCount: Int64 = 0

  init(patience: Duration) {
    self.patience = patience
  }

  /// Begins a pass that will make so many writes.
  mutating func begin(now: Int64, writeCount: Int) {
    beganAt = now
    self.writeCount = writeCount
    arrivalCount = 0
    samples.removeAll(keepingCapacity: true)
  }

  /// Whether the stream of the write `number` of the pass, from 0, is to be looked at before and,
  /// if its socket is empty, noted as a sample: some of the whole pass and the last ones.
  func wantsSample(_ number: Int) -> Bool {
    let share = StreamLimits.pacingSampleCountMaximum / 2
    return number >= writeCount - share || number % max(1, writeCount / share) == 0
  }

  /// Notes a stream whose socket is empty and is written to now.
  mutating func note(_ token: EpollToken) {
    samples.append(token)
  }

  /// Notes that a stream was opened: more wait, and the web server needs time to let them in.
  mutating func noteArrival() {
    arrivalCount += 1
  }

  /// Ends the pass.
  mutating func end(now: Int64) {
    endedAt = now
    busyUntil = now
    sampleCount = samples.count
  }

  private var patienceNanoseconds: Int64 {
    patience.wholeNanoseconds + Int64(writeCount) * StreamLimits.pacingPatienceNanosecondsPerWrite
  }

  /// Nanoseconds until the next pass may begin or is to be asked for again; 0 for at once.
  ///
  /// - Parameter isDrained: whether the web server has read all of a stream; true for one that is
  ///   gone.
  mutating func delay(now: Int64, isDrained: (EpollToken) -> Bool) -> Int64 {
    if !samples.isEmpty {
      samples.removeAll(where: isDrained)
      // A quarter may belong to clients that have stopped reading just now.
      if samples.count * 4 > sampleCount, now - endedAt < patienceNanoseconds {
        busyUntil = now
        return StreamLimits.pacingLookNanoseconds
      }
      samples.removeAll(keepingCapacity: true)
      let busy = busyUntil - beganAt
      opensAt =
        busyUntil + busy * StreamLimits.pacingRestPercent / 100
        + min(busy, arrivalCount * StreamLimits.pacingNanosecondsPerArrival)
    }
    return max(0, opensAt - now)
  }
}
