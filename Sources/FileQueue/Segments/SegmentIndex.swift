import Kernel
import SystemPackage

/// Makes a segment's index anew from its text.
enum SegmentIndex {
  /// Writes the index file unless it is right, and the keys, without a seal, and removes the topics file;
  /// returns what reading the text showed, and whether the index was wrong.
  ///
  /// Nobody else has the queue open.
  static func rebuild(
    _ segment: SegmentName, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) -> (scan: SegmentScan, wasWrong: Bool) {
    let found = try contents(of: segment, in: directory, epochs: epochs)
    let (scan, right) = (found.scan, found.index)
    let index = try directory.open(directory.indexPath(segment), .createIfMissing)
    var there = [UInt8](repeating: 0, count: try index.status().byteCount)
    var span = there.mutableSpan
    _ = try index.read(at: 0, into: &span)
    if there != right {
      try index.truncate(to: 0)
      try index.writeAll(right.span, at: 0)
    }
    do {
      try FileSystem.unlink(directory.topicsPath(segment))
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
    }
    try KeyFile.write(found.keys, of: segment, in: directory)
    return (scan, there != right)
  }

  /// Writes the index of a sealed segment anew if its checksum is another; returns whether it was.
  ///
  /// Readers may use the segment meanwhile.
  static func mend(
    _ segment: SegmentName, checksum: UInt32, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) -> Bool {
    if try self.checksum(of: segment, in: directory) == checksum { return false }
    let right = try contents(of: segment, in: directory, epochs: epochs).index
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

  /// What reading a segment's text shows.
  struct Contents {
    let scan: SegmentScan
    /// The bytes of its index.
    let index: [UInt8]
    /// The entries of its keys file, and where they end.
    let keys: [UInt8]
    let keysEnd: KeyFile.Place
  }

  /// Reads a segment's text.
  static func contents(
    of segment: SegmentName, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) -> Contents {
    let text = try Descriptor.open(directory.textPath(segment), .readOnly)
    var index: [UInt8] = []
    var keys: [UInt8] = []
    var keysEnd = KeyFile.Place()
    var scanner = SegmentScanner(epoch: epochs.epoch(of: segment))
    let scan = try scanner.scan(text, of: segment) { layout, record, base in
      let place = Int(layout.sequence - segment.first) * IndexEntry.byteCount
      if index.count < place {
        index.append(contentsOf: repeatElement(0, count: place - index.count))
      }
      IndexEntry(layout, at: base + layout.start, record).append(to: &index)
      if let entry = KeyEntry(layout, record, appendedTo: &keys) { keysEnd.pass(entry) }
    }
    return Contents(scan: scan, index: index, keys: keys, keysEnd: keysEnd)
  }
}
