import Glibc

/// How many descriptors this process may have open at once (RLIMIT_NOFILE, getrlimit(2)).
public enum DescriptorLimit {
  /// Raises the soft limit to the hard one, which needs no rights; returns it.
  ///
  /// For the whole process: the main thread calls it before there are others.
  public static func raise() throws(SystemCallError) -> Int {
    var limit = rlimit()
    _ = try SystemCall.check("getrlimit") {
      unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    limit.rlim_cur = limit.rlim_max
    _ = try SystemCall.check("setrlimit") {
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    return Int(clamping: limit.rlim_cur)
  }
}
