import Kernel
import SystemPackage

/// The file in which a worker keeps what it counts, `workers/N` in the queue's directory; the worker
/// has the claim on it for as long as it lives.
///
/// It belongs to one thread.
struct WorkerPage: ~Copyable {
  /// Which of the files it is.
  let number: Int
  /// What the worker that had it before has left: its counts go on from there, so that the sum over
  /// all pages never falls.
  let left: PageValues
  private let file: Descriptor

  /// Claims the first page that no worker has; nil where ``FigureLimits/workerCountMaximum`` have one.
  static func take(in folder: FilePath) throws(SystemCallError) -> WorkerPage? {
    _ = try FileSystem.makeDirectoryAsFolders(folder)
    var firstError: SystemCallError?
    for number in 0..<FigureLimits.workerCountMaximum {
      // A page of another user's is no reason to have none.
      do throws(SystemCallError) {
        let file = try Descriptor.openAsFolders(folder.appending("\(number)"), .createIfMissing)
        guard try file.claim() else { continue }
        var left = try WorkerFigures.values(in: file) ?? PageValues()
        left.forgetGauges()
        return WorkerPage(number: number, left: left, file: file)
      } catch {
        firstError = firstError ?? error
      }
    }
    if let firstError { throw firstError }
    return nil
  }

  private init(number: Int, left: PageValues, file: consuming Descriptor) {
    self.number = number
    self.left = left
    self.file = file
  }

  /// Writes the page.
  ///
  /// A write(2), never a store into mapped memory: where a disk is full or broken, some file systems
  /// answer a store with SIGBUS, and a worker must not die of its counters.
  func write(_ values: PageValues) throws(SystemCallError) {
    let bytes = values.bytes
    try file.writeAll(bytes.span, at: 0)
  }
}
