import Kernel
import SystemPackage

/// Makes a segment's index anew from its text.
enum SegmentIndex {
  /// Writes the index file unless it is right, and removes the topics file; returns what reading the
  /// text showed, and whether the index was wrong.
  ///
  /// Nobody else has the queue open.
  static func rebuild(
    _ segment: SegmentName, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) -> (scan: SegmentScan, wasWrong: Bool) {
    let (scan, right) = try entries(of: segment, in: directory, epochs: epochs)
    let index = try directory.open(directory.indexPath(segment), .createIfMissing)
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

  /// Writes the index of a sealed segment anew if its checksum is another; returns whether it was.
  ///
  /// Readers may use the segment meanwhile.
  static func mend(
    _ segment: SegmentName, checksum: UInt32, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) -> Bool {
    if try self.checksum(of: segment, in: directory) == checksum { return false }
    let right = try entries(of: segment, in: directory, epochs: epochs).bytes
    try directory.replace(directory.indexPath(segment), with: right.span)
    return true
  }

  private static func checksum(
    of segment: SegmentName, in directory: QueueDirectory
  ) throws(SystemCallError) -> UInt32? {
    do {
      let index = try Descriptor.open(directory.indexPath(segment), .readOnly)
      var bytes = [UInt8](repeating: 0, count: try index.status().byteCount)
      var span = bytes.mutableSpan
      _ = try index.read(at: 0, into: &span)
      return CRC32C.of(bytes.span)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  /// Reads a segment's text; returns the bytes of its index too.
  static func entries(
    of segment: SegmentName, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) -> (scan: SegmentScan, bytes: [UInt8]) {
    let text = try Descriptor.open(directory.textPath(segment), .readOnly)
    var bytes: [UInt8] = []
    var scanner = SegmentScanner(epoch: epochs.epoch(of: segment))
    let scan = try scanner.scan(text, of: segment) { layout, record, base in
      let place = Int(layout.sequence - segment.first) * IndexEntry.byteCount
      if bytes.count < place {
        bytes.append(contentsOf: repeatElement(0, count: place - bytes.count))
      }
      IndexEntry(layout, at: base + layout.start, record).append(to: &bytes)
    }
    return (scan, bytes)
  }
}
