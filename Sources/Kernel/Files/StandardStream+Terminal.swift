import CLinux
import Glibc

extension StandardStream {
  /// Whether a person looks at it, or types into it (isatty(3)).
  public var isTerminal: Bool { !isMissing && Glibc.isatty(rawValue) == 1 }

  /// How many columns the terminal has; nil where it is none, or does not tell (ioctl_tty(2)).
  public var columnCount: Int? {
    let count = weir_terminal_columns(rawValue)
    return count > 0 ? Int(count) : nil
  }

  /// How many bytes there are, where it is a file: nil for a pipe, a socket or a terminal.
  public var fileByteCount: Int? {
    guard let status = try? FileStatus(of: rawValue, ""), status.isRegular else { return nil }
    return status.byteCount
  }

  /// Whether something can be read at once, the end among it (poll(2)).
  public func isReadable() throws(SystemCallError) -> Bool {
    let entry = pollfd(fd: rawValue, events: Int16(POLLIN), revents: 0)
    return try Self.wait(for: [entry], timeout: .zero)[0].revents != 0
  }
}
