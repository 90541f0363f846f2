import CLinux
import Glibc
import SystemPackage

/// An open file descriptor that closes itself: owned by one place at a time, handed over by
/// `consuming`.
///
/// Any thread may use it; the calls are as thread-safe as the kernel makes them. An error of close(2)
/// is not reported: whoever needs to know that data is on disk calls ``synchronizeData()`` first.
public struct Descriptor: ~Copyable, Sendable {
  let number: CInt

  init(owning number: CInt) {
    self.number = number
  }

  deinit {
    _ = Glibc.close(number)
  }

  /// Another descriptor of the same open file, sharing its position (dup(2)).
  public func duplicate() throws(SystemCallError) -> Descriptor {
    Descriptor(owning: try SystemCall.check("fcntl") { weir_duplicate(number) })
  }

  /// Gives the number to a library that closes it by itself.
  public consuming func surrender() -> CInt {
    let number = number
    discard self
    return number
  }

  /// The bare number, for a log line or for a library that wants one; it stays owned here.
  public var rawValue: CInt { number }

  /// Takes over a descriptor that the process was started with (0 from spawn-fcgi), and marks it to
  /// be closed on exec.
  ///
  /// - Throws: EBADF where there is none (fcntl(2)).
  public static func inherited(_ number: CInt) throws(SystemCallError) -> Descriptor {
    guard weir_set_cloexec(number) == 0 else {
      throw SystemCallError(
        call: "fcntl", errno: Errno(rawValue: Glibc.errno), subject: "descriptor \(number)")
    }
    return Descriptor(owning: number)
  }

  /// Reads at most as many bytes as `buffer` holds, at the descriptor's own position (read(2)).
  public func read(into buffer: inout MutableSpan<UInt8>) throws(SystemCallError) -> Transfer {
    let number = number
    return try unsafe buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemCallError) in
      try SystemCall.transfer("read") {
        unsafe Glibc.read(number, bytes.baseAddress, bytes.count)
      }
    }
  }

  /// Writes `bytes` or a first part of them (write(2)).
  public func write(_ bytes: Span<UInt8>) throws(SystemCallError) -> Transfer {
    let number = number
    return try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(SystemCallError) in
      try SystemCall.transfer("write") {
        unsafe Glibc.write(number, bytes.baseAddress, bytes.count)
      }
    }
  }

  /// Writes all of `bytes` to a blocking descriptor.
  public func writeAll(_ bytes: Span<UInt8>) throws(SystemCallError) {
    var done = 0
    while done < bytes.count {
      guard case .transferred(let count) = try write(bytes.extracting(done...)) else {
        throw SystemCallError(call: "write", errno: .resourceTemporarilyUnavailable)
      }
      done += count
    }
  }
}
