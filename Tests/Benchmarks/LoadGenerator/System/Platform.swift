import Glibc
import Kernel
import SystemPackage

/// The calls of the operating system that Kernel has no use for: the load generator's one place of
/// unsafe code.
enum Platform {
  /// A TCP connection that is under way, non-blocking; it is there once it can be written to
  /// (connect(2)).
  static func connect(to endpoint: Endpoint) throws(SystemCallError) -> Descriptor {
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let number = Glibc.socket(AF_INET, kind, CInt(IPPROTO_TCP))
    guard number >= 0 else { throw failed("socket") }
    let descriptor = try Descriptor.inherited(number)
    // Requests are written whole: waiting for more of them would only delay.
    var isOn: CInt = 1
    _ = unsafe setsockopt(
      number, CInt(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<CInt>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = endpoint.port.bigEndian
    address.sin_addr.s_addr = endpoint.address.bigEndian
    let result = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe Glibc.connect(number, address, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 || Glibc.errno == EINPROGRESS else {
      throw failed("connect", endpoint.authority)
    }
    return descriptor
  }

  /// Waits until one of `watched` is ready or `timeout` is over, or a little less long.
  ///
  /// poll(2) has whole milliseconds, too coarse for a schedule: they are rounded down, and below
  /// one the wait is a sleep of at most 100 µs, which readiness does not cut short.
  static func wait(_ watched: inout [pollfd], timeout: Duration) throws(SystemCallError) {
    let nanoseconds = timeout.wholeNanoseconds
    let isSleep = nanoseconds < 1_000_000
    if isSleep, nanoseconds > 0 {
      var time = timespec(tv_sec: 0, tv_nsec: Int(min(nanoseconds, 100_000)))
      _ = unsafe nanosleep(&time, nil)
    }
    let milliseconds = isSleep ? 0 : CInt(clamping: nanoseconds / 1_000_000)
    let result = unsafe poll(&watched, nfds_t(watched.count), milliseconds)
    if result < 0, Glibc.errno != EINTR { throw failed("poll") }
  }

  /// Lets the process have `count` descriptors open (setrlimit(2)).
  static func allowDescriptors(_ count: Int) throws {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw failed("getrlimit")
    }
    guard limit.rlim_max >= UInt(count) else {
      throw Failure(
        "\(count) descriptors are needed and \(limit.rlim_max) are allowed: "
          + "raise `ulimit -Hn`, or open fewer streams"
      )
    }
    limit.rlim_cur = limit.rlim_max
    guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw failed("setrlimit")
    }
  }

  /// Receives behind the first `start` bytes of `buffer`, without waiting (recv(2)); 0 at the end of
  /// the connection or where it broke, nil where nothing has come.
  static func receive(
    from descriptor: borrowing Descriptor, into buffer: inout [UInt8], at start: Int,
    byteCountMaximum: Int
  ) -> Int? {
    precondition(start + byteCountMaximum <= buffer.count)
    let number = descriptor.rawValue
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
      return unsafe recv(number, rest.baseAddress, byteCountMaximum, CInt(MSG_DONTWAIT))
    }
    if count >= 0 { return count }
    return Glibc.errno == EAGAIN || Glibc.errno == EINTR ? nil : 0
  }

  /// Moves bytes within a buffer; the two places may overlap.
  @inline(__always)
  static func move(_ buffer: inout [UInt8], from source: Range<Int>, to target: Int) {
    precondition(source.upperBound <= buffer.count && target + source.count <= buffer.count)
    if source.lowerBound == target { return }
    unsafe buffer.withUnsafeMutableBytes { bytes in
      let moved = unsafe UnsafeRawBufferPointer(rebasing: bytes[source])
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[target...]).copyMemory(from: moved)
    }
  }

  /// Whether two stretches are the same (memcmp(3)).
  @inline(__always)
  static func isEqual(
    _ text: Span<UInt8>, at start: Int, _ bytes: [UInt8], at otherStart: Int, byteCount: Int
  ) -> Bool {
    precondition(start + byteCount <= text.count && otherStart + byteCount <= bytes.count)
    return unsafe text.withUnsafeBytes { text in
      unsafe bytes.withUnsafeBytes { bytes in
        guard let one = text.baseAddress, let other = bytes.baseAddress else { return true }
        return unsafe memcmp(one + start, other + otherStart, byteCount) == 0
      }
    }
  }

  /// Copies bytes to the front of a buffer.
  @inline(__always)
  static func copy(_ source: [UInt8], to buffer: inout [UInt8]) {
    precondition(source.count <= buffer.count)
    if source.isEmpty { return }
    unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe source.withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
    }
  }

  /// CPU time of all threads of this process, in nanoseconds (CLOCK_PROCESS_CPUTIME_ID).
  static func processNanoseconds() -> Int64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// The unit of times in /proc.
  static var tickNanoseconds: Int64 { 1_000_000_000 / Int64(sysconf(CInt(_SC_CLK_TCK))) }

  private static func failed(_ call: String, _ subject: String? = nil) -> SystemCallError {
    SystemCallError(call: call, errno: Errno(rawValue: Glibc.errno), subject: subject)
  }
}
