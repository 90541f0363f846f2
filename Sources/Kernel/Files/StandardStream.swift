import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The descriptors 0, 1 and 2 that a process is started with; they stay open.
///
/// Whoever started the process chose them, so one may be closed, or open the wrong way: that is an error
/// with the stream's name and EBADF, not a fault of our own.
public enum StandardStream: Int32, Sendable, CaseIterable {
  /// Standard input.
  case input = 0
  /// Standard output.
  case output = 1
  /// Standard error.
  case error = 2

  /// A bit for each of the three that the process was started without.
  private static let gaps = Atomic<Int32>(0)

  /// Opens /dev/null in the place of each of the three that the process was started without.
  ///
  /// Otherwise the next files that are opened get their numbers, and what is written to standard
  /// error lands in them. Once, before anything else is opened.
  public static func fillGaps() {
    for stream in allCases where !weir_is_open(stream.rawValue) {
      // The lowest free number is given out: that of this stream.
      _ = unsafe weir_open("/dev/null", O_RDWR, 0)
      gaps.bitwiseOr(1 << stream.rawValue, ordering: .relaxed)
    }
  }

  /// Whether the process was started without it.
  public var isMissing: Bool { Self.gaps.load(ordering: .relaxed) & (1 << rawValue) != 0 }

  /// Its name, as errors have it.
  public var name: String {
    switch self {
    case .input: "standard input"
    case .output: "standard output"
    case .error: "standard error"
    }
  }

  /// Writes all of `bytes`, waiting for the reader.
  public func writeAll(_ bytes: Span<UInt8>) throws(SystemCallError) {
    var done = 0
    while done < bytes.count {
      let rest = bytes.extracting(done...)
      done += try unsafe rest.withUnsafeBufferPointer { (rest) throws(SystemCallError) in
        try transfer("write", POLLOUT) {
          unsafe Glibc.write(rawValue, rest.baseAddress, rest.count)
        }
      }
    }
  }

  /// Reads what is there, waiting for something; nil at the end (read(2)).
  public func read() throws(SystemCallError) -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: Self.chunkByteCount)
    let count = try transfer("read", POLLIN) {
      unsafe Glibc.read(rawValue, &chunk, chunk.count)
    }
    chunk.removeLast(chunk.count - count)
    return count == 0 ? nil : chunk
  }

  /// The most that ``read()`` returns; less of it means that no more is there at the moment.
  public static let chunkByteCount = 64 << 10

  /// Reads to the end.
  ///
  /// - Parameter byteCountMaximum: reading stops once there are more bytes than this.
  public func readAll(byteCountMaximum: Int) throws(SystemCallError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count <= byteCountMaximum, let chunk = try read() { bytes += chunk }
    return bytes
  }

  /// Waits until nobody reads what is written to it any more, at most `timeout`; returns whether it is
  /// so (poll(2)).
  public func waitForHangUp(timeout: Duration) throws(SystemCallError) -> Bool {
    try Self.wait(for: [hangUpEntry], timeout: timeout)[0].isHungUp
  }

  /// What poll(2) is asked to have it told that nobody reads any more.
  var hangUpEntry: pollfd { pollfd(fd: rawValue, events: 0, revents: 0) }

  static func wait(
    for entries: [pollfd], timeout: Duration
  ) throws(SystemCallError) -> [pollfd] {
    var entries = entries
    let milliseconds = CInt(clamping: timeout.wholeMilliseconds)
    _ = try SystemCall.check("poll") {
      unsafe Glibc.poll(&entries, nfds_t(entries.count), milliseconds)
    }
    return entries
  }

  /// Runs `body` again while it is interrupted, or would block because whoever started the process has
  /// made the stream so.
  private func transfer(
    _ call: String, _ readiness: CInt, _ body: () -> Int
  ) throws(SystemCallError) -> Int {
    while !isMissing {
      let count = body()
      if count >= 0 { return count }
      switch Glibc.errno {
      case EINTR: continue
      case EAGAIN:
        let entry = pollfd(fd: rawValue, events: Int16(readiness), revents: 0)
        _ = try Self.wait(for: [entry], timeout: .seconds(3600))
      case let number:
        throw SystemCallError(call: call, errno: Errno(rawValue: number), subject: name)
      }
    }
    throw SystemCallError(call: call, errno: .badFileDescriptor, subject: name)
  }
}

extension pollfd {
  /// Whether the other end is gone.
  var isHungUp: Bool { revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 }
}
