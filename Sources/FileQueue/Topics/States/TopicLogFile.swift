import Kernel
import SystemPackage

/// The file `topics`, open; any thread may read it, the holder of the queue's lock writes.
final class TopicLogFile: Sendable {
  let file: Descriptor
  let generation: UInt64
  /// Where the lines begin.
  let headerByteCount: Int

  private static let chunkByteCount = 1 << 20

  /// Opens the file; nil where there is none, or where it does not begin as one.
  init?(in directory: QueueDirectory, isWritable: Bool) throws(SystemCallError) {
    let file: Descriptor
    do throws(SystemCallError) {
      file =
        isWritable
        ? try directory.open(directory.topicLogPath, .readWrite)
        : try Descriptor.open(directory.topicLogPath, .readOnly)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
    var bytes = [UInt8](repeating: 0, count: 64)
    var span = bytes.mutableSpan
    let count = try file.read(at: 0, into: &span)
    guard let found = TopicLog.generation(bytes.span.extracting(0..<count)) else { return nil }
    self.file = file
    generation = found.number
    headerByteCount = found.byteCount
  }

  /// What is at the end of what could be read.
  enum Ending: Hashable {
    /// Nothing.
    case whole
    /// Bytes that are no line, or not yet a whole one, from this offset on.
    case broken(offset: Int)
  }

  /// Hands out the lines from an offset on.
  ///
  /// - Parameters:
  ///   - limit: the offset to stop at; the file's end where that comes first.
  ///   - broken: told where bytes are no line, and how many; those behind are read on with where it
  ///     returns true.
  func read(
    from start: Int, upTo limit: Int = .max,
    broken: (_ offset: Int, _ byteCount: Int) -> Bool = { _, _ in false },
    _ visit: (TopicLog.Line, Span<UInt8>) -> Void
  ) throws(SystemCallError) -> Ending {
    var offset = start
    var bytes = [UInt8](repeating: 0, count: Self.chunkByteCount)
    while offset < limit {
      let byteCountMaximum = min(bytes.count, limit - offset)
      var span = bytes.mutableSpan
      let count = try file.read(at: offset, into: &span, byteCountMaximum: byteCountMaximum)
      let chunk = bytes.span.extracting(0..<count)
      var place = 0
      scan: while true {
        switch TopicLog.next(chunk, at: place) {
        case .line(let line, let topic, let next):
          visit(line, chunk.extracting(topic))
          place = next
        case .damaged(let next):
          guard broken(offset + place, next - place) else { return .broken(offset: offset + place) }
          place = next
        case .cutOff:
          break scan
        }
      }
      offset += place
      // A line is far shorter than a chunk, so nothing whole comes any more.
      if place == 0 {
        return count == 0 && limit == .max ? .whole : .broken(offset: offset)
      }
    }
    return .whole
  }

  // MARK: - Making one

  /// Goes on with a file that was written, and is open for writing.
  init(_ file: consuming Descriptor, generation: UInt64) {
    self.file = file
    self.generation = generation
    headerByteCount = TopicLog.header(generation: generation).count
  }

  /// Makes the file for a queue that has none, or none that is kept account of; the caller holds the
  /// queue's lock.
  static func make(_ table: TopicStateTable, of queue: Queue) throws(QueueError) {
    let directory = queue.directory
    let seen = queue.tail.topicsSeen
    do throws(SystemCallError) {
      let earlier = try TopicLogFile(in: directory, isWritable: false)
      let generation = TopicLog.generation(after: earlier?.generation ?? 0)
      let bytes = TopicLog.content(table, generation: generation, seen: seen)
      try directory.replace(directory.topicLogPath, with: bytes.span)
      guard let log = try TopicLogFile(in: directory, isWritable: true) else {
        throw SystemCallError(
          call: "open", errno: .noSuchFileOrDirectory, subject: directory.topicLogPath.string)
      }
      queue.topicStates.replace(log, table, byteCount: bytes.count, lineCount: table.count)
      queue.tail.setTopics(
        logCell: TopicLogPlace(generation: generation, byteCount: bytes.count).cell)
    } catch {
      throw error.asQueueError
    }
  }
}
