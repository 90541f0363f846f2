import Glibc
import Kernel

/// Publishing connections of one thread, which waits for all of them together.
struct PublishPool {
  private let connections: [PublishConnection]
  private var idle: [Int]
  private var watched: [pollfd]

  /// `count` connections, all idle.
  init(
    to endpoint: Endpoint, dialect: Dialect, count: Int, stamp: Stamp, token: String? = nil
  ) throws {
    connections = try (0..<count).map { _ in
      try PublishConnection(to: endpoint, dialect: dialect, stamp: stamp, token: token)
    }
    idle = Array((0..<count).reversed())
    watched = Array(repeating: pollfd(), count: count)
  }

  /// Whether a publish can begin at once.
  var hasIdle: Bool { !idle.isEmpty }

  /// How many publishes have no answer yet.
  var busyCount: Int { connections.count - idle.count }

  /// Begins to publish on an idle connection.
  ///
  /// - Parameter nanoseconds: when the event was due to be sent, which it says.
  mutating func begin(number: Int, nanoseconds: Int64) {
    connections[idle.removeLast()].begin(number: number, nanoseconds: nanoseconds)
  }

  /// Waits until an answer comes, or `timeout` is over; returns all that have come.
  mutating func wait(timeout: Duration) throws -> [PublishConnection.Answer] {
    for (index, connection) in connections.enumerated() {
      // Idle ones too: nginx may close them.
      let events = connection.hasUnsent ? POLLIN | POLLOUT : POLLIN
      watched[index] = pollfd(
        fd: connection.descriptor.rawValue, events: Int16(events), revents: 0)
    }
    try Platform.wait(&watched, timeout: timeout)
    var answers: [PublishConnection.Answer] = []
    for (index, entry) in watched.enumerated() where entry.revents != 0 {
      guard let answer = try connections[index].advance() else { continue }
      answers.append(answer)
      idle.append(index)
    }
    return answers
  }
}
