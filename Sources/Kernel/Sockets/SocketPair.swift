/// Two sockets connected with each other; made by ``UnixSocket/pair()``.
public struct SocketPair: ~Copyable {
  /// One end.
  public let first: Descriptor
  /// The other end.
  public let second: Descriptor

  init(first: consuming Descriptor, second: consuming Descriptor) {
    self.first = first
    self.second = second
  }

  /// Hands each end over to an owner of its own.
  public consuming func split(
    _ body: (consuming Descriptor, consuming Descriptor) throws -> Void
  ) rethrows {
    try body(first, second)
  }
}
