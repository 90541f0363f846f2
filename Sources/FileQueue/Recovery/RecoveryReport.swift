/// What opening a queue had to do, for the log.
public struct RecoveryReport: Sendable {
  /// One thing that was found or done, in words, with its place.
  public internal(set) var findings: [String] = []
  /// Why events get ids of a new epoch from now on, and which; nil where they do not.
  public internal(set) var newEpoch: String?
  /// Bytes of a torn tail that were cut off; a copy was kept.
  public internal(set) var tornByteCount = 0
  /// Events that are damaged; the bytes were left as they are.
  public internal(set) var missingEventCount = 0
}
