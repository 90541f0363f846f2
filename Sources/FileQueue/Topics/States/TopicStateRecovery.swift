import Kernel

/// Finds out which topics have ended, and were deleted, in a queue that nobody keeps account of.
///
/// What the file `topics` says of ends is believed up to the last line that says so; behind it the text
/// of the segments is the truth, because an event that was acknowledged is in it.
struct TopicStateRecovery {
  private(set) var table = TopicStateTable()
  /// What is wrong with the file, in words.
  private(set) var finding: String?
  /// The number of the file that is there; 0 where there is none.
  private var generation: UInt64 = 0
  /// Whether the file says all of this, and nothing else.
  private var isRight = true
  /// Whether there is such a file.
  var isThere: Bool { generation > 0 || !isRight }

  /// Reads the file, and what of the text it does not tell of.
  ///
  /// - Parameter next: the sequence behind the last event; what the file says of later ones, which a power
  ///   cut has taken or a copy does not have, is void.
  init(_ directory: QueueDirectory, epochs: Epochs, next: UInt64) throws(QueueError) {
    let log = try mapping { () throws(SystemCallError) in
      try TopicLogFile(in: directory, isWritable: false)
    }
    guard let log else {
      guard try Self.isThere(directory) else { return }
      finding = "\(TopicLog.name) is none: the ends of topics are looked for in the events"
      isRight = false
      _ = try takeEnds(in: directory, epochs: epochs, from: 1, to: next)
      return
    }
    generation = log.generation
    if generation == TopicLog.generationMaximum { isRight = false }
    let (seen, unproven) = try read(log, in: directory, next: next)
    var proven = TopicStateTable()
    if seen < next { proven = try takeEnds(in: directory, epochs: epochs, from: seen, to: next) }
    if proven != unproven { isRight = false }
  }

  private static func isThere(_ directory: QueueDirectory) throws(QueueError) -> Bool {
    do {
      return try FileSystem.byteCount(of: directory.topicLogPath) >= 0
    } catch {
      if error.errno == .noSuchFileOrDirectory { return false }
      throw .system(error)
    }
  }

  /// Takes what is believed of the file; returns up to which event it knows all ends, and which others it
  /// tells of.
  private mutating func read(
    _ log: TopicLogFile, in directory: QueueDirectory, next: UInt64
  ) throws(QueueError) -> (seen: UInt64, unproven: TopicStateTable) {
    var known: UInt64 = 1
    var believed = TopicStateTable()
    var unproven = TopicStateTable()
    var hasVoid = false
    var damage: (offset: Int, byteCount: Int)?
    let ending = try mapping { () throws(SystemCallError) in
      try log.read(from: log.headerByteCount) { offset, byteCount in
        damage = (damage?.offset ?? offset, (damage?.byteCount ?? 0) + byteCount)
        return true
      } _: { line, topic in
        switch line {
        case .end(let sequence) where sequence >= next: hasVoid = true
        case .end(let sequence): unproven.change(topic) { $0.end(at: sequence) }
        case .hide(let sequence):
          if sequence > next { hasVoid = true }
          believed.change(topic) { $0.hide(before: min(sequence, next)) }
        case .seen(let sequence):
          if sequence > next { hasVoid = true }
          // What damage has taken above may have been an end.
          if damage == nil { known = max(known, min(sequence, next)) }
          _ = unproven.forEach { topic, state in
            believed.change(topic) { $0.end(at: state.endedAt) }
          }
          unproven = TopicStateTable()
        }
      }
    }
    if hasVoid || damage != nil || ending != .whole { isRight = false }
    if let damage {
      finding =
        "\(TopicLog.name) is damaged at offset \(damage.offset): \(damage.byteCount) bytes were taken out; "
        + "the ends of topics are looked for in the events, what was deleted by them is there again"
    }
    // Of events that retention has removed there is no other proof.
    let oldest = try directory.segments().first?.first ?? next
    var unprovenHere = TopicStateTable()
    _ = unproven.forEach { topic, state in
      if state.endedAt < oldest {
        believed.change(topic) { $0.end(at: state.endedAt) }
      } else {
        unprovenHere.change(topic) { $0.end(at: state.endedAt) }
      }
    }
    table = believed
    return (known, unprovenHere)
  }

  /// Takes the ends that the text tells of, and returns them.
  private mutating func takeEnds(
    in directory: QueueDirectory, epochs: Epochs, from first: UInt64, to next: UInt64
  ) throws(QueueError) -> TopicStateTable {
    var ends = TopicStateTable()
    for (topic, sequence) in try Self.ends(in: directory, epochs: epochs, from: first, to: next) {
      table.change(topic.span) { $0.end(at: sequence) }
      ends.change(topic.span) { $0.end(at: sequence) }
    }
    return ends
  }

  /// The ends in the text, in their order: topics as they stand in the heads, and sequences.
  static func ends(
    in directory: QueueDirectory, epochs: Epochs, from first: UInt64, to next: UInt64
  ) throws(QueueError) -> [(topic: [UInt8], sequence: UInt64)] {
    let segments = try directory.segments()
    var found: [(topic: [UInt8], sequence: UInt64)] = []
    for (place, segment) in segments.enumerated() where segment.first < next {
      if place + 1 < segments.count, segments[place + 1].first <= first { continue }
      do throws(SystemCallError) {
        let text = try Descriptor.open(directory.textPath(segment), .readOnly)
        var scanner = SegmentScanner(epoch: epochs.epoch(of: segment))
        _ = try scanner.scan(text, of: segment) { record, bytes, _ in
          guard record.sequence >= first, record.sequence < next, record.isEnd(in: bytes) else {
            return
          }
          record.forEachTopic(in: bytes) { topic in
            found.append((topic.indices.map { topic[$0] }, record.sequence))
          }
        }
      } catch {
        // Retention has removed it meanwhile.
        if error.errno == .noSuchFileOrDirectory { continue }
        throw .system(error)
      }
    }
    return found
  }

  // MARK: - Making the file

  /// Has the file say what was found, unless it does or there is nothing to say; returns the cell of the page
  /// for it, 0 where there is no file, or no room for it: then each process finds out by itself.
  ///
  /// - Parameter next: the sequence behind the last event, which is on disk.
  func mend(in directory: QueueDirectory, next: UInt64) throws(SystemCallError) -> UInt64 {
    if generation == 0, isRight { return 0 }
    let generation = isRight ? generation : TopicLog.generation(after: generation)
    let bytes = TopicLog.content(table, generation: generation, seen: next)
    if !isRight {
      do throws(SystemCallError) {
        try directory.replace(directory.topicLogPath, with: bytes.span)
      } catch {
        guard error.isNoSpace else { throw error }
        return 0
      }
    }
    let byteCount = try FileSystem.byteCount(of: directory.topicLogPath)
    return TopicLogPlace(generation: generation, byteCount: byteCount).cell
  }

}
