import Kernel
import SystemPackage

extension FileLock {
  /// Holds the queue's lock, whose file is at `path`.
  ///
  /// - Throws: `locked` where another process has it for longer than
  ///   ``QueueLimits/lockPatience``.
  func hold(at path: FilePath) throws(QueueError) {
    let isHeld = try mapping { () throws(SystemCallError) in
      try lock(patience: QueueLimits.lockPatience)
    }
    guard isHeld else { throw .locked(path: path.string) }
  }
}
