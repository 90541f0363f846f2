import Kernel
import SystemPackage

/// Makes a segment's index anew from its text.
enum SegmentIndex {
  /// Writes the index file and removes the topics file; returns what reading the text showed.
  ///
  /// Nobody else has the queue open.
  static func rebuild(
    _ segment: SegmentName, in directory: QueueDirectory, epoch: UInt32
  ) throws(SystemCallError) -> SegmentScan {
    let text = try Descriptor.open(directory.textPath(segment), .readOnly)
    var entries: [UInt8] = []
    var scanner = SegmentScanner(epoch: epoch)
    let scan = try scanner.scan(text, of: segment) { layout, topic in
      let place = Int(layout.sequence - segment.first) * IndexEntry.byteCount
      if entries.count < place {
        entries.append(contentsOf: repeatElement(0, count: place - entries.count))
      }
      IndexEntry(
        offset: UInt32(layout.start), length: UInt32(layout.byteCount),
        topicHash: Topic.hash64(topic)
      ).append(to: &entries)
    }
    let index = try Descriptor.open(directory.indexPath(segment), .createIfMissing)
    try index.truncate(to: 0)
    try index.writeAll(entries.span, at: 0)
    do {
      try FileSystem.unlink(directory.topicsPath(segment))
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
    }
    return scan
  }
}
