/// What a stream loop counts; the raw value is the cell of the worker's page.
package enum LoopCount: Int, CaseIterable, Sendable {
  // Streams by their state, as it is now.
  case streamsJoining = 16
  case streamsLive, streamsBehind, streamsBlocked, streamsPausing, streamsPlaying
  // What has happened so far.
  case streamsOpened, streamsClosed
  /// Times that a live stream's socket was full, so that it had to go on from the queue.
  case falls
  /// Events that have been handed to the kernel for a subscriber, to their last byte.
  case deliveries
  /// Bytes that have been handed to the kernel, FastCGI's own among them.
  case sentBytes
  /// Writes to streams.
  case writes
  /// Heartbeats that have been sent.
  case heartbeats
  case passes
  /// Time that passes have had to wait while there were events.
  case pacingNanoseconds
  /// Streams that began behind an event id.
  case replays
  /// Events that were handed to subscribers that were catching up.
  case replayedEvents

  /// Those that say how things are, not what has happened.
  static let gauges = streamsJoining.rawValue...streamsPlaying.rawValue
}
