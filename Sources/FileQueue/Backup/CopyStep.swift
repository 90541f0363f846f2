/// How far a copy of a queue has come; told for people who wait.
public enum CopyStep: Hashable, Sendable {
  /// So many of its bytes are copied, or were there.
  case copied(byteCount: Int, of: Int)
  /// So many bytes of the copy are checked.
  case checked(byteCount: Int, of: Int)
}
