/// What all streams together have shown.
struct Tally {
  /// Tells this run's messages from others.
  let stamp: Stamp
  /// Events of this run, those that came again among them.
  private(set) var deliveredCount = 0
  /// Events that a stream showed a second time.
  private(set) var duplicateCount = 0
  /// Events that came after a younger one.
  private(set) var lateCount = 0
  /// Events whose number differs from what another stream showed under the same id, or that had no
  /// id, or whose number was under another id before.
  private(set) var wrongCount = 0
  /// Gap events: what the hub says instead of events that it no longer has.
  var gapCount = 0
  /// From the moment an event was due to be sent until a stream's bytes were read.
  private(set) var latency = Histogram()

  /// By number: under which sequence it was first seen; `.max` before.
  private var sequences: [UInt64]

  /// A tally of `eventCount` events.
  init(stamp: Stamp, eventCount: Int) {
    self.stamp = stamp
    sequences = [UInt64](repeating: .max, count: eventCount)
  }

  /// Takes an event of this run that a stream has shown.
  mutating func add(
    sequence: UInt64?, number: Int, latencyNanoseconds: Int64, to track: inout SequenceTrack
  ) {
    deliveredCount += 1
    latency.record(latencyNanoseconds)
    guard let sequence, number < sequences.count else {
      wrongCount += 1
      return
    }
    switch track.note(sequence) {
    case .inOrder: break
    case .late: lateCount += 1
    case .again: duplicateCount += 1
    }
    if sequences[number] == .max { sequences[number] = sequence }
    if sequences[number] != sequence { wrongCount += 1 }
  }
}
