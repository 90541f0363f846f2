import Kernel

/// Parting with connections that are kept, once the front is to stop, without a request being lost.
///
/// A web server may send its next request on a kept connection in the moment in which that is closed; then nobody
/// could tell whether it was read. So a connection is closed for the peer's sending first: what it has sent by then is
/// answered, and what it tries to send later fails without a byte of it being sent, upon which it asks elsewhere.
/// That costs it a try, and tries are few: it is asked to close a few connections at a time, and the next ones when it
/// has. nginx sees to that between its other work, and may need a tenth of a second where it serves many streams.
extension Front {
  /// Asks the web server to close a few of the connections on which nothing is asked.
  func partWithIdle(now: Int64) {
    var askedCount = 0
    for connection in connections.all where connection.isParting {
      if connection.deadline <= now {
        close(connection)
        partsSlowly = false
      } else {
        askedCount += 1
      }
    }
    let room = partsSlowly ? max(0, limits.partingCountMaximum - askedCount) : connections.count
    let next = connections.all.lazy.filter { $0.isIdle && !$0.isParting }.prefix(room)
    for connection in next {
      connection.stopReceiving()
      receive(connection)
      if connection.isParting, !partsSlowly { close(connection) }
    }
  }

  /// Asks the web server to close a connection, whose requests have all been received, by a record that belongs to no
  /// request: nginx closes idle connections at which anything comes.
  func askToClose(_ connection: Connection) {
    var record: [UInt8] = []
    RecordHeader.append(.unknownType, requestID: 0, contentByteCount: 8, to: &record)
    record.append(contentsOf: [0, 0, 0, 0, 0, 0, 0, 0])
    connection.peerHasFinished = true
    connection.deadline = Clock.monotonicNanoseconds() + limits.partingMilliseconds * 1_000_000
    do throws(SystemCallError) {
      _ = try connection.send(record.span)
      try watchSocket(of: connection)
    } catch {
      close(connection)
    }
  }

  /// Parts with a connection whose last answer is about to be sent.
  func partBeforeAnswer(_ connection: Connection, _ reply: Reply) {
    guard endsAt != nil, reply.records == nil else { return }
    connection.stopReceiving()
  }
}
