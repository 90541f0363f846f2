public import Kernel
public import SystemPackage

/// What a queue held at one moment, ready to be copied: consistent whatever happens to it meanwhile.
///
/// Permission to read is enough, and nobody who uses the queue notices. Belongs to one thread.
public struct QueueBackup {
  /// The id of the oldest event in it; nil where there is none.
  public let oldestID: EventID?
  /// The id of the newest event in it; nil where there is none.
  public let newestID: EventID?
  /// Events in it, lost ones among them.
  public let eventCount: Int
  /// Bytes of all its files.
  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }
  let epochs: Epochs
  /// The folder that it is made of.
  let source: FileIdentity
  /// Events that are gone although retention keeps them.
  let missingBegin: Range<UInt64>
  /// The epochs first, then the segments from the oldest on, the page `tail` last.
  let files: [BackupFile]

  /// Looks at the queue at `path`, which may be in use.
  ///
  /// - Throws: `noQueue`, `notAQueue`, `badEpochFile`, `unknownFormat`, `moved`, `system`.
  public init(of path: FilePath) throws(QueueError) {
    for _ in 1..<QueueLimits.backupTryCountMaximum {
      let queue = try Queue(readingAt: path)
      // Retention may have removed a segment between looking and opening.
      if let backup = try QueueBackup(queue), try queue.look() == .here {
        self = backup
        return
      }
    }
    throw .moved(path: path.string, isReplaced: true)
  }

  private init?(_ queue: Queue) throws(QueueError) {
    let directory = queue.directory
    // Before the events: what has been published since waits here and is there, too, and its key tells so.
    let delayed = try Self.delayed(in: directory)
    // Before the events: no place is to be behind the end.
    let groups = try queue.groups.files()
    let next = queue.durableNext
    let segments = try directory.segments().filter { $0.first < next }
    var files = [
      try mapping { () throws(SystemCallError) in
        try BackupFile(EpochFile.name, EpochFile.content(queue.epochs))
      }
    ]
    let end = try Self.end(of: queue, next: next)
    for segment in segments {
      let textByteCount = segment == end?.segment ? end?.offset : nil
      guard let text = try Self.file(segment.textFile, in: directory, byteCount: textByteCount)
      else { return nil }
      let indexByteCount =
        segment == end?.segment ? IndexEntry.byteCount(of: segment, upTo: next) : nil
      // In this order each file is right beside those that were copied before, also by an earlier backup.
      // What is derived and not there is made when the backup is opened.
      let index = try Self.file(segment.indexFile, in: directory, byteCount: indexByteCount)
      // A table is of all of a segment, which may have got more events meanwhile.
      let topics =
        segment == end?.segment ? nil : try Self.file(segment.topicsFile, in: directory)
      let keysByteCount =
        segment == end?.segment ? try Self.keysByteCount(segment, upTo: next, in: directory) : nil
      let keys = try Self.file(segment.keysFile, in: directory, byteCount: keysByteCount)
      // Retention removes the text first: where that is still there, nothing else was gone before.
      guard try directory.identity(of: directory.textPath(segment)) != nil else { return nil }
      files += [index, text, topics, keys].compactMap { $0 }
    }
    // Of events that retention has removed.
    for segment in try directory.keyedSegments()
    where segment.first < segments.first?.first ?? next {
      if let keys = try Self.file(segment.keysFile, in: directory) { files.append(keys) }
    }
    if segments.isEmpty {
      // Of all that was removed the name of the next segment is left.
      files.append(
        try mapping { () throws(SystemCallError) in
          try BackupFile(SegmentName(first: next).textFile, [])
        })
    }
    if let losses = try Self.file(KnownLosses.path, in: directory) { files.append(losses) }
    // Behind the segments: what it says of later events means nothing to who opens the backup, and what it
    // does not say yet stands in them.
    if let topics = try Self.file(TopicLog.name, in: directory) { files.append(topics) }
    if let delayed { files.append(delayed) }
    files += groups
    let oldest = segments.first?.first ?? next
    let last = segments.last ?? SegmentName(first: next)
    // Retention notes what it keeps before it removes the rest, so it is asked behind that.
    let memory = try mapping { () throws(SystemCallError) in
      try Tail.memory(at: directory.tailPath, epochs: queue.epochs)
    }
    let oldestKept = min(memory?.oldestKept ?? oldest, oldest)
    let tail = Tail.AppendedEnd(
      next: next, segment: last, offset: end?.offset ?? 0, unixMilliseconds: 0)
    let page = try mapping { () throws(SystemCallError) in
      try BackupFile(
        QueueDirectory.tailName,
        try Tail.detached(end: tail, oldestKept: oldestKept, epoch: queue.epochs.current).bytes())
    }
    files.append(page)
    self.files = files
    epochs = queue.epochs
    source = queue.folder
    missingBegin = oldestKept..<oldest
    eventCount = Int(next - oldest)
    oldestID = eventCount == 0 ? nil : queue.epochs.id(of: oldest)
    newestID = eventCount == 0 ? nil : queue.epochs.id(of: next - 1)
  }

  /// The place behind the last event, in its segment; nil where it is damaged or removed.
  ///
  /// Behind it there may be what is not on disk yet.
  private static func end(of queue: Queue, next: UInt64) throws(QueueError) -> Cursor? {
    guard next > 1 else { return nil }
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: next - 1)
    var isThere = false
    guard cursor.sequence == next - 1 else { return nil }
    _ = try reader.read(from: &cursor, upTo: next, byteCountMaximum: 1) { _, _ in isThere = true }
    return isThere ? cursor : nil
  }

  /// The events that wait, without one that is being appended at this moment.
  private static func delayed(in directory: QueueDirectory) throws(QueueError) -> BackupFile? {
    do throws(SystemCallError) {
      let descriptor = try Descriptor.open(directory.delayedPath, .readOnly)
      let end = try DelayedFile.wholeByteCount(of: descriptor)
      return BackupFile(QueueDirectory.delayedName, descriptor, byteCount: end)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
  }

  /// Bytes of a segment's keys up to an event.
  private static func keysByteCount(
    _ segment: SegmentName, upTo next: UInt64, in directory: QueueDirectory
  ) throws(QueueError) -> Int {
    try mapping { () throws(SystemCallError) in
      var place = KeyFile.Place()
      try KeyFile(reading: segment, in: directory)?.read(from: &place, upTo: next) { _, _, _ in }
      return place.offset
    }
  }

  /// Opens a file of the queue; nil where it is not there.
  private static func file(
    _ name: String, in directory: QueueDirectory, byteCount: Int? = nil
  ) throws(QueueError) -> BackupFile? {
    do {
      let file = try Descriptor.open(directory.path.appending(name), .readOnly)
      let there = try file.status().byteCount
      return BackupFile(name, file, byteCount: min(byteCount ?? there, there))
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
  }

  /// Writes all of it as a tar archive.
  ///
  /// - Parameter write: takes the bytes in their order.
  public func archive(
    _ write: (Span<UInt8>) throws(SystemCallError) -> Void
  ) throws(SystemCallError) {
    for file in files {
      try write(TarHeader(name: file.name, byteCount: file.byteCount).bytes.span)
      try file.read(write)
      try write([UInt8](repeating: 0, count: TarHeader.padding(behind: file.byteCount)).span)
    }
    try write([UInt8](repeating: 0, count: TarHeader.endByteCount).span)
  }
}
