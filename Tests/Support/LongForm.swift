import Foundation

/// Whether `LONG=1` asks for all the cases that would take minutes; `Tests/long` does.
public enum LongForm {
  /// Whether it is asked for.
  public static let isAskedFor = ProcessInfo.processInfo.environment["LONG"] == "1"
}
