import Glibc
import SystemPackage

/// What a call on a non-blocking descriptor came to.
public enum Transfer: Hashable, Sendable {
  /// So many bytes went through; zero bytes read is the end of the file or stream.
  case transferred(byteCount: Int)
  /// Nothing can be moved now; wait for the descriptor to become ready.
  case wouldBlock
}

/// The one place where errno is read and its meaning decided.
enum SystemCall {
  /// Runs `body` again while it is interrupted; an error of our own making traps.
  @inline(__always)
  static func check<Result: FixedWidthInteger>(
    _ name: StaticString, _ subject: @autoclosure () -> String? = nil, _ body: () -> Result
  ) throws(SystemCallError) -> Result {
    while true {
      let result = body()
      if result != -1 { return result }
      let number = Glibc.errno
      if number == EINTR { continue }
      precondition(number != EBADF && number != EFAULT, "\(name): errno \(number) is our own bug")
      throw SystemCallError(
        call: "\(name)", errno: Errno(rawValue: number), subject: subject())
    }
  }

  /// Like `check`, with would-block as a value.
  @inline(__always)
  static func transfer(
    _ name: StaticString, _ body: () -> Int
  ) throws(SystemCallError) -> Transfer {
    while true {
      let result = body()
      if result >= 0 { return .transferred(byteCount: result) }
      let number = Glibc.errno
      if number == EINTR { continue }
      if number == EAGAIN { return .wouldBlock }
      precondition(number != EBADF && number != EFAULT, "\(name): errno \(number) is our own bug")
      throw SystemCallError(call: "\(name)", errno: Errno(rawValue: number))
    }
  }
}
