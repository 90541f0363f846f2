import Kernel

extension QueueDirectory {
  /// A record of the greatest size and its head.
  private static let lookByteCount =
    QueueLimits.headByteCountMaximum + QueueLimits.bodyByteCountMaximum

  /// Refuses to take the events of one queue for torn bytes because the file `epoch`, which says
  /// `epochs`, is another's.
  ///
  /// - Throws: `badEpochFile`, `system`.
  func refuseOtherEvents(_ epochs: Epochs) throws(QueueError) {
    for segment in try segments().reversed() {
      guard let start = try start(of: segment), !start.isEmpty else { continue }
      guard case .record(let layout) = RecordParser.parse(start.span, at: 0),
        layout.sequence == segment.first,
        let epoch = RecordParser.epochDigits(of: layout, start.span),
        epoch != "\(HexadecimalDigits(epochs.epoch(of: segment)))"
      else { return }
      if try hasRecords(segment, epochs) { return }
      // Somebody may have begun an epoch meanwhile.
      let known = try EpochFile.read(in: path)
      if known != epochs { return }
      throw .badEpochFile(
        path: epochPath.string,
        reason: "is another queue's: the events in \(segment) are of epoch \(epoch)")
    }
  }

  private func hasRecords(_ segment: SegmentName, _ epochs: Epochs) throws(QueueError) -> Bool {
    try mapping { () throws(SystemCallError) in
      try SegmentIndex.contents(of: segment, in: self, epochs: epochs).scan.recordCount > 0
    }
  }

  /// The first bytes of a segment; nil where retention has removed it meanwhile.
  private func start(of segment: SegmentName) throws(QueueError) -> [UInt8]? {
    do {
      let text = try Descriptor.open(textPath(segment), .readOnly)
      var bytes = [UInt8](repeating: 0, count: min(try text.status().byteCount, Self.lookByteCount))
      var span = bytes.mutableSpan
      let count = try text.read(at: 0, into: &span)
      bytes.removeLast(bytes.count - count)
      return bytes
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
  }
}
