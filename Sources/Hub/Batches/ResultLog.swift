import FileQueue
import Kernel
import SystemPackage

/// What became of each line of a batch, until the reply can be sent; belongs to one thread.
///
/// The reply begins when the body has ended: a web server that has to send on a body and an answer at the
/// same time may stand still with both (nginx 1.22 sends no more of a body once it has passed a head on).
/// Events that follow one another take one entry together. What is over a limit goes into a file without a
/// name, which goes with it.
final class ResultLog {
  private let folder: FilePath
  private var run: ResultRun?
  private var bytes: [UInt8] = []
  private var file: Descriptor?
  private var fileByteCount = 0

  /// - Parameter folder: where the file is made, if one is needed.
  init(folder: FilePath) {
    self.folder = folder
  }

  /// What is kept of the results so far.
  var byteCount: Int { fileByteCount + bytes.count }

  /// Notes an event that is in the queue.
  func accept(line: Int, _ appended: Appended) throws(SystemCallError) {
    if run?.isFollowed(by: line, appended) == true {
      run?.count += 1
      return
    }
    try endRun()
    run = ResultRun(
      line: line, sequence: appended.sequence, count: 1, isReplayed: appended.isReplayed)
  }

  /// Notes the result line of an event that is not.
  func refuse(_ line: [UInt8]) throws(SystemCallError) {
    try endRun()
    bytes.append(ResultRun.refusedTag)
    bytes.append(littleEndian: UInt64(line.count))
    bytes += line
    try spill()
  }

  private func endRun() throws(SystemCallError) {
    guard let run else { return }
    run.append(to: &bytes)
    self.run = nil
    try spill()
  }

  private func spill(always: Bool = false) throws(SystemCallError) {
    guard always || bytes.count >= HubLimits.resultLogByteCountMaximum else { return }
    if file == nil { file = try Descriptor.openNameless(in: folder) }
    switch file {
    case .some(let file): try file.writeAll(bytes.span, at: fileByteCount)
    case .none: break
    }
    fileByteCount += bytes.count
    bytes.removeAll(keepingCapacity: true)
  }

  // MARK: - Once all is noted

  /// Ends the writing.
  func finish() throws(SystemCallError) -> ResultReader {
    try endRun()
    if fileByteCount > 0, !bytes.isEmpty { try spill(always: true) }
    return ResultReader(file: file.take(), bytes: bytes)
  }
}
