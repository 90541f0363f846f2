import Kernel

/// The file in memory that libfcgi reads requests from as if it were a connection; belongs to a front's thread.
///
/// It stays open from request to request: opening it anew costs as much as parsing one.
struct RequestFile: ~Copyable {
  private var file: MemoryFile
  /// libfcgi closes what it is given where it refuses a request: it gets a descriptor of its own.
  private var lent: Descriptor?

  init() throws(SystemCallError) {
    file = try MemoryFile(name: "request")
  }

  /// Makes `bytes` the whole content, to be read from its start.
  mutating func replaceContent(with bytes: Span<UInt8>) throws(SystemCallError) {
    try file.replaceContent(with: bytes)
  }

  /// The number that libfcgi reads from.
  mutating func lend() throws(SystemCallError) -> CInt {
    let descriptor =
      switch lent.take() {
      case .some(let lent): lent
      case .none: try file.descriptor.duplicate()
      }
    let number = descriptor.rawValue
    lent = consume descriptor
    return number
  }

  /// Forgets the number that was lent, which libfcgi has closed.
  mutating func forgetLent() {
    _ = lent.take()?.surrender()
  }
}
