import CLinux
import Glibc

/// A lock between processes on an open file: flock(2), released by the kernel when the holder dies.
///
/// It belongs to the open file description, so one process that opens the file twice excludes
/// itself; within one description the caller sees to it that one thread at a time uses it.
public struct FileLock: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// Makes a lock of a file that is open for this purpose alone.
  public init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  /// Waits until no other process holds the lock, then holds it; returns false where that took
  /// longer than `patience`.
  ///
  /// The kernel's own wait has no end, and whoever stops a process that holds the lock would stop
  /// everybody: so the lock is tried, in growing steps.
  public func lock(patience: Duration) throws(SystemCallError) -> Bool {
    if try tryLock() { return true }
    let deadline = Clock.monotonicNanoseconds() + patience.wholeNanoseconds
    var pause: UInt32 = 20
    while Clock.monotonicNanoseconds() < deadline {
      _ = Glibc.usleep(pause)
      if try tryLock() { return true }
      pause = min(pause * 3 / 2, 2000)
    }
    return false
  }

  /// Waits until no other process holds the lock alone, then shares it.
  public func lockShared() throws(SystemCallError) {
    _ = try SystemCall.check("flock") { weir_flock(descriptor.number, LOCK_SH) }
  }

  /// Takes the lock alone if it is free; returns whether it did.
  public func tryLock() throws(SystemCallError) -> Bool {
    do throws(SystemCallError) {
      _ = try SystemCall.check("flock") { weir_flock(descriptor.number, LOCK_EX | LOCK_NB) }
      return true
    } catch {
      if error.errno == .wouldBlock { return false }
      throw error
    }
  }

  /// What the kernel tells of the lock's file: where another one has its name, whoever opens it anew
  /// gets another lock.
  public func status() throws(SystemCallError) -> FileStatus { try descriptor.status() }

  /// Gives the lock back.
  public func unlock() throws(SystemCallError) {
    _ = try SystemCall.check("flock") { weir_flock(descriptor.number, LOCK_UN) }
  }
}
