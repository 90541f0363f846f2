import Kernel

/// A request as those know it who answer it: on a kept connection the next one has another name, so that what is
/// said of one that was given up meanwhile is not taken for the answer to another.
struct RequestName: Hashable, Sendable {
  /// The connection.
  let connection: EpollToken
  /// Which of its requests.
  let number: UInt64
}
