import Glibc

/// What the process was told by variables (environ(7)).
public enum Environment {
  /// The value of a variable; nil where it is not set, or empty.
  ///
  /// On the main thread, or while nobody changes the environment, which weir never does.
  public static subscript(name: String) -> String? {
    guard let value = unsafe Glibc.getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
