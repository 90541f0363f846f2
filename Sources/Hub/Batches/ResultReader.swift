import FileQueue
import Kernel

/// Reads a ``ResultLog`` back as result lines; belongs to one thread.
final class ResultReader {
  private let file: Descriptor?
  private var fileOffset = 0
  /// Entries, of which those before `position` are read.
  private var bytes: [UInt8]
  private var position = 0
  /// Of whose events some are still to be told.
  private var run: ResultRun?

  /// - Parameters:
  ///   - file: what was too much for memory, if it was: all of it then.
  ///   - bytes: else all of it.
  init(file: consuming Descriptor?, bytes: [UInt8]) {
    self.bytes = file == nil ? bytes : []
    self.file = file
  }

  /// The next result lines, about as many bytes as asked for; none at the end.
  func next(byteCount: Int, _ epochs: Epochs) throws(SystemCallError) -> [UInt8] {
    var lines: [UInt8] = []
    lines.reserveCapacity(byteCount + 256)
    while lines.count < byteCount {
      if var run {
        let epoch = epochs.id(of: run.sequence).epochDigits
        while run.count > 0, lines.count < byteCount {
          BatchReply.append(run, epoch: epoch, to: &lines)
          run.passFirst()
        }
        self.run = run.count > 0 ? run : nil
        continue
      }
      guard try fill(1) else { break }
      let tag = bytes[position]
      position += 1
      if tag == ResultRun.refusedTag {
        _ = try fill(8)
        let count = Int(bytes.span.littleEndian64(at: position))
        position += 8
        _ = try fill(count)
        lines += bytes[position..<(position + count)]
        position += count
      } else {
        _ = try fill(ResultRun.byteCount)
        run = ResultRun(bytes.span.extracting(position...), tag: tag)
        position += ResultRun.byteCount
      }
    }
    return lines
  }

  /// Has so many unread bytes at hand; false at the end.
  private func fill(_ byteCount: Int) throws(SystemCallError) -> Bool {
    guard bytes.count - position < byteCount else { return true }
    bytes.removeFirst(position)
    position = 0
    switch file {
    case .some(let file):
      var chunk = [UInt8](
        repeating: 0, count: max(byteCount, HubLimits.resultLogByteCountMaximum))
      var span = chunk.mutableSpan
      let count = try file.read(at: fileOffset, into: &span)
      fileOffset += count
      bytes += chunk[..<count]
    case .none: break
    }
    return bytes.count >= byteCount
  }
}
