import CLinux
import Glibc

/// What the process was told by variables (environ(7)).
public enum Environment {
  /// The value of a variable; nil where it is not set, or empty.
  ///
  /// On the main thread, or while nobody changes the environment, which weir does only by ``take(_:)``.
  public static subscript(name: String) -> String? {
    guard let value = unsafe Glibc.getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// As the subscript, and the variable is gone then: no other process is to take it for its own (unsetenv(3)).
  ///
  /// On the main thread, before there are others.
  public static func take(_ name: String) -> String? {
    defer { _ = unsafe Glibc.unsetenv(name) }
    return self[name]
  }

  /// The variables whose names begin so, in no order; the value is nil where it is not UTF-8.
  ///
  /// As ``subscript(_:)``.
  public static func variables(beginningWith beginning: String) -> [(name: String, value: String?)]
  {
    var found: [(name: String, value: String?)] = []
    var index = 0
    while let entry = unsafe weir_environment_entry(index) {
      index += 1
      let bytes = unsafe Array(UnsafeRawBufferPointer(start: entry, count: strlen(entry)))
      guard bytes.starts(with: beginning.utf8), let sign = bytes.firstIndex(of: UInt8(ascii: "="))
      else { continue }
      let name = String(decoding: bytes[..<sign], as: UTF8.self)
      found.append((name, String(validating: bytes[(sign + 1)...], as: UTF8.self)))
    }
    return found
  }
}
