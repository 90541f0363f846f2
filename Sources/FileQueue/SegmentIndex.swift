import Kernel
import SystemPackage

/// Makes a segment's index anew from its text.
enum SegmentIndex {
  /// Writes the index file unless it is right, and removes the topics file; returns what reading the
  /// text showed, and whether the index was wrong.
  ///
  /// Nobody else has the queue open.
  static func rebuild(
    _ segment: SegmentName, in directory: QueueDirectory, epoch: UInt32
  ) throws(SystemCallError) -> (scan: SegmentScan, wasWrong: Bool) {
    let (scan, right) = try entries(of: segment, in: directory, epoch: epoch)
    let index = try Descriptor.open(directory.indexPath(segment), .createIfMissing)
    var found = [UInt8](repeating: 0, count: try index.status().byteCount)
    var span = found.mutableSpan
    _ = try index.read(at: 0, into: &span)
    if found != right {
      try index.truncate(to: 0)
      try index.writeAll(right.span, at: 0)
    }
    do {
      try FileSystem.unlink(directory.topicsPath(segment))
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
    }
    return (scan, found != right)
  }

  /// Reads a segment's text; returns the bytes of its index too.
  static func entries(
    of segment: SegmentName, in directory: QueueDirectory, epoch: UInt32
  ) throws(SystemCallError) -> (scan: SegmentScan, bytes: [UInt8]) {
    let text = try Descriptor.open(directory.textPath(segment), .readOnly)
    var bytes: [UInt8] = []
    var scanner = SegmentScanner(epoch: epoch)
    let scan = try scanner.scan(text, of: segment) { layout, topic in
      let place = Int(layout.sequence - segment.first) * IndexEntry.byteCount
      if bytes.count < place {
        bytes.append(contentsOf: repeatElement(0, count: place - bytes.count))
      }
      IndexEntry(
        offset: UInt32(layout.start), length: UInt32(layout.byteCount),
        topicHash: Topic.hash64(topic)
      ).append(to: &bytes)
    }
    return (scan, bytes)
  }
}
