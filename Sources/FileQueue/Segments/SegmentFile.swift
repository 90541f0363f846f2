import Kernel

/// A segment open for reading; belongs to one reader.
///
/// A removed segment stays readable while it is open.
final class SegmentFile {
  let text: Descriptor
  let index: Descriptor?
  /// The epoch of the segment's events.
  let epochDigits: HexadecimalDigits
  var lastUse: UInt64 = 0
  /// Whether an index entry was found to be wrong; the text is read instead from then on.
  var isIndexWrong = false
  /// The first sequence of the next segment, once this one is sealed.
  var sealedNext: UInt64?
  /// Where the events of its topics are, once that could be read and believed.
  private var topics: TopicTable?

  init(
    _ name: SegmentName, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) {
    epochDigits = HexadecimalDigits(epochs.epoch(of: name))
    text = try Descriptor.open(directory.textPath(name), .readOnly)
    index = try? Descriptor.open(directory.indexPath(name), .readOnly)
  }

  /// Whether the segment still has a name.
  var isOnDisk: Bool { (try? text.status().linkCount) != 0 }

  /// The segment's topic table; nil where there is none yet, or none that can be believed.
  ///
  /// - Parameter next: the first sequence of the next segment.
  func topicTable(
    of segment: SegmentName, in directory: QueueDirectory, next: UInt64, _ sound: SoundTables
  ) throws(SystemCallError) -> TopicTable? {
    // Its checksum is calculated once, not for every filter.
    if topics == nil { topics = try TopicTable.open(segment, in: directory, next: next, sound) }
    return topics
  }

  /// Reads index entries from that of `sequence` on; fewer where the file ends.
  func entries(
    from sequence: UInt64, of segment: SegmentName, count: Int
  ) throws(SystemCallError) -> [IndexEntry] {
    let bytes = try indexBytes(from: sequence, of: segment, count: count)
    return stride(from: 0, to: bytes.count, by: IndexEntry.byteCount)
      .map { IndexEntry(bytes.span, at: $0) }
  }

  /// Reads index entries as they stand in the file; fewer where it ends.
  func indexBytes(
    from sequence: UInt64, of segment: SegmentName, count: Int
  ) throws(SystemCallError) -> [UInt8] {
    guard index != nil else { return [] }
    var bytes = [UInt8](repeating: 0, count: count * IndexEntry.byteCount)
    var span = bytes.mutableSpan
    let offset = Int(sequence - segment.first) * IndexEntry.byteCount
    let byteCount = try index?.read(at: offset, into: &span) ?? 0
    bytes.removeLast(bytes.count - byteCount / IndexEntry.byteCount * IndexEntry.byteCount)
    return bytes
  }
}
