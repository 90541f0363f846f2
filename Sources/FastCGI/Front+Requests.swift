import Kernel

/// Collecting requests, and having them answered.
extension Front {
  /// Receives what has come; of a body that is handed on one chunk, so that others have their turn.
  func receive(_ connection: Connection) {
    while connection.reply?.isPaused != true {
      let transfer: Transfer
      do {
        transfer = try connection.receive(into: &chunk)
      } catch {
        return close(connection)
      }
      guard case .transferred(let count) = transfer else { return }
      if count == 0 { return finishReceiving(connection) }
      if connection.reply?.records != nil {
        takeBody(connection, chunk.span.extracting(0..<count))
        if connections.element(connection.token) === connection { advance(connection) }
        return
      }
      let isFirst = connection.received.isEmpty
      connection.received.append(contentsOf: chunk[..<count])
      switch connection.state {
      case .collecting(let gate):
        if isFirst, !gate.hasBegun { connection.deadline = deadline(limits.requestDurationSeconds) }
        advance(connection)
        if connections.element(connection.token) !== connection { return }
      case .answering, .sending, .passing:
        guard connection.received.count <= limits.requestBodyByteCountMaximum else {
          return close(connection)
        }
      }
      if count < chunk.count { return }
    }
  }

  /// The peer sends no more: what is not whole now never will be, but what is being answered may
  /// still be read.
  private func finishReceiving(_ connection: Connection) {
    if case .collecting = connection.state {
      return endsAt != nil && connection.isIdle ? askToClose(connection) : close(connection)
    }
    if connection.reply?.records != nil { return close(connection) }
    connection.peerHasFinished = true
    do { try watchSocket(of: connection) } catch { close(connection) }
  }

  /// Has epoll tell what the connection waits for.
  func watchSocket(of connection: Connection) throws(SystemCallError) {
    var readiness: Readiness =
      connection.peerHasFinished || connection.reply?.isPaused == true
      ? [] : [.readable, .peerClosed]
    if case .sending = connection.state { readiness.insert(.writable) }
    try epoll.rewatch(connection, for: readiness)
  }

  /// Answers every request that is whole in what has been received.
  func advance(_ connection: Connection) {
    while case .collecting(var gate) = connection.state {
      let verdict = gate.inspect(connection.received.span)
      connection.state = .collecting(gate)
      switch verdict {
      case .incomplete:
        if connection.peerHasFinished { return close(connection) }
        return dropRefusedBody(connection, gate)
      case .head(let byteCount, let requestID):
        beginBody(connection, headByteCount: byteCount, requestID: requestID)
      case .complete(let byteCount, let requestID):
        answer(connection, byteCount: byteCount, requestID: requestID)
      case .tooLarge(let byteCount, let requestID, let keepsConnection):
        consume(connection, byteCount)
        let refusal = Refusal.bodyTooLarge(
          byteCountMaximum: limits.requestBodyByteCountMaximum)
        send(
          responder.refuse(refusal), to: connection,
          Reply(requestID: requestID, keepsConnection: keepsConnection))
      case .management(let byteCount):
        let answer = ManagementRecord.answer(to: connection.received.span)
        consume(connection, byteCount)
        sendRecords(answer, to: connection, keepsConnection: true)
      case .unknownRole(let requestID):
        var answer: [UInt8] = []
        RecordHeader.appendEnd(
          requestID: requestID, protocolStatus: .unknownRole, to: &answer)
        sendRecords(answer, to: connection, keepsConnection: false)
      case .aborted(let byteCount, let requestID, let keepsConnection):
        consume(connection, byteCount)
        sendEnd(of: requestID, to: connection, keepsConnection: keepsConnection)
      case .stray(let byteCount):
        consume(connection, byteCount)
        connection.state = .collecting(newGate())
        connection.deadline = deadline(limits.idleDurationSeconds)
      case .malformed:
        return close(connection)
      }
      guard connections.element(connection.token) === connection else { return }
      if connection.received.isEmpty, !connection.peerHasFinished { return }
    }
  }

  /// A body over the limit is read to its end, so that the web server reads the answer, but not
  /// kept.
  private func dropRefusedBody(_ connection: Connection, _ gate: Gate) {
    guard gate.isOverLimit else { return }
    var gate = gate
    let count = gate.forgetLookedAt()
    connection.received.removeFirst(count)
    connection.discardedByteCount += count
    connection.state = .collecting(gate)
    if connection.discardedByteCount > limits.discardedBodyByteCountMaximum { close(connection) }
  }

  /// Takes bytes that are done with off the front of what was received.
  func consume(_ connection: Connection, _ byteCount: Int) {
    connection.discardedByteCount = 0
    if byteCount == connection.received.count {
      connection.received = []
    } else {
      connection.received.removeFirst(byteCount)
    }
  }
}

extension Epoll {
  /// Stops watching a connection's socket.
  func remove(of connection: Connection) throws(SystemCallError) {
    try connection.withSocket { socket throws(SystemCallError) in try remove(socket) }
  }

  /// Changes what a connection's socket is watched for.
  fileprivate func rewatch(
    _ connection: Connection, for readiness: Readiness
  ) throws(SystemCallError) {
    let token = connection.token
    try connection.withSocket { socket throws(SystemCallError) in
      try modify(socket, for: readiness, token: token)
    }
  }
}
