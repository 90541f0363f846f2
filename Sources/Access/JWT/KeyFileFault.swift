/// What is wrong with a key file; no text of it holds a key.
public struct KeyFileFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// Which key in it: `key 2`, or `key 2 ('2026-01')`; nil where it is about the file.
  public let key: String?
  /// What is wrong, and what to do.
  public let text: String

  init(path: String, key: String? = nil, _ text: String) {
    self.path = path
    self.key = key
    self.text = text
  }

  /// `keys.json: key 2 ('2026-01'): …`.
  public var description: String {
    ([path] + (key.map { [$0] } ?? []) + [text]).joined(separator: ": ")
  }
}
