import CLinux
import Glibc

/// A claim on a file: held by one open file of one process, and gone when that process dies
/// (fcntl(2), F_OFD_SETLK).
///
/// Unlike ``FileLock`` it can be looked up without being taken, so that those who only look never
/// stand in the way of one who wants it, and need no permission to write.
extension Descriptor {
  /// Claims the file, which is open for writing, for as long as the descriptor lives; returns false
  /// where another has it.
  public func claim() throws(SystemCallError) -> Bool {
    do throws(SystemCallError) {
      _ = try SystemCall.check("fcntl") { weir_claim(number) }
      return true
    } catch {
      if error.errno == .wouldBlock || error.errno == .permissionDenied { return false }
      throw error
    }
  }

  /// Whether another open file, of this process or any other, has the claim.
  public func isClaimed() throws(SystemCallError) -> Bool {
    try SystemCall.check("fcntl") { weir_is_claimed(number) } != 0
  }

  /// Claims one byte of the file, which need not be there, likewise.
  public func claim(byteAt offset: Int64) throws(SystemCallError) -> Bool {
    do throws(SystemCallError) {
      _ = try SystemCall.check("fcntl") { weir_claim_byte(number, offset) }
      return true
    } catch {
      if error.errno == .wouldBlock || error.errno == .permissionDenied { return false }
      throw error
    }
  }

  /// Whether another open file has the claim on one byte.
  public func isClaimed(byteAt offset: Int64) throws(SystemCallError) -> Bool {
    try SystemCall.check("fcntl") { weir_is_byte_claimed(number, offset) } != 0
  }
}
