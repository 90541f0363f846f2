import CLinux
import Glibc

/// The descriptors 0, 1 and 2 that a process is started with; they stay open.
public enum StandardStream: Int32, Sendable {
  /// Standard input.
  case input = 0
  /// Standard output.
  case output = 1
  /// Standard error.
  case error = 2

  /// Opens /dev/null in the place of each of the three that the process was started without.
  ///
  /// Otherwise the next files that are opened get their numbers, and what is written to standard
  /// error lands in them. Once, before anything else is opened.
  public static func fillGaps() {
    for stream in [input, output, error] where !weir_is_open(stream.rawValue) {
      // The lowest free number is given out: that of this stream.
      _ = unsafe weir_open("/dev/null", O_RDWR, 0)
    }
  }

  /// Writes all of `bytes`, waiting for the reader.
  public func writeAll(_ bytes: Span<UInt8>) throws(SystemCallError) {
    var done = 0
    while done < bytes.count {
      let rest = bytes.extracting(done...)
      done += try unsafe rest.withUnsafeBufferPointer { (rest) throws(SystemCallError) in
        try SystemCall.check("write") {
          unsafe Glibc.write(rawValue, rest.baseAddress, rest.count)
        }
      }
    }
  }

  /// Reads what is there, waiting for something; nil at the end (read(2)).
  public func read() throws(SystemCallError) -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: Self.chunkByteCount)
    let count = try SystemCall.check("read") {
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
}
