import Kernel

/// The topic tables whose checksums a reader has found to be right; belongs to its thread.
///
/// A reader keeps few segments open, and a search for the last event of a topic that is seldom looks at all of
/// them: each table is read as a whole once, not each time.
final class SoundTables {
  private var statuses: [SegmentName: FileStatus] = [:]

  /// Whether the table was right; a file that was changed or exchanged since is another one.
  func contains(_ segment: SegmentName, _ status: FileStatus) -> Bool {
    statuses[segment] == status
  }

  /// Notes that a table is right.
  func insert(_ segment: SegmentName, _ status: FileStatus) {
    if statuses.count >= QueueLimits.soundTableCountMaximum { statuses = [:] }
    statuses[segment] = status
  }
}
