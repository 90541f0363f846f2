import Kernel

/// Sending answers.
extension Front {
  /// Has a request answered that is whole.
  func answer(_ connection: Connection, byteCount: Int, requestID: UInt16) {
    do throws(SystemCallError) {
      try file.replaceContent(with: connection.received.span.extracting(0..<byteCount))
      consume(connection, byteCount)
      guard let request = try Request(&file, byteCount: byteCount) else { return close(connection) }
      var reply = Reply(requestID: requestID, keepsConnection: request.keepsConnection)
      connection.state = .answering(reply)
      let exchange = Exchange(mailbox: mailbox, name: connection.nameRequest())
      switch responder.answer(request, exchange: exchange) {
      case .now(let response):
        send(response, to: connection, reply)
      case .later:
        break
      case .pieces(let sink):
        reply.sink = sink
        connection.state = .answering(reply)
        if !request.body.isEmpty { _ = sink.take(request.body) }
        sink.end()
        if endsAt != nil { sink.stop() }
      case .stream(let take):
        try epoll.remove(of: connection)
        connections.release(connection.token)
        if let socket = connection.takeSocket() {
          take(StreamConnection(socket, requestID: requestID))
        }
      }
    } catch {
      shortage.note(.resources(error))
      close(connection)
    }
  }

  /// The connection of a request, if that is its present one.
  func connection(of name: RequestName) -> Connection? {
    guard let connection = connections.element(name.connection),
      connection.requestNumber == name.number
    else { return nil }
    return connection
  }

  /// Sends what somebody else has answered, or a piece of it.
  func give(_ content: [UInt8], isLast: Bool, to name: RequestName) {
    guard let connection = connection(of: name), case .answering(let reply) = connection.state
    else { return }
    if let records = reply.records {
      connection.setInput(.passed(records))
      if reply.isPaused {
        do { try watchSocket(of: connection) } catch { return close(connection) }
      }
    }
    guard let reply = connection.reply else { return }
    var frame = OutputFrame(requestID: reply.requestID)
    frame.append(content)
    if isLast { frame.appendEnd() }
    send(frame.finish(), to: connection, reply, isLast: isLast)
    if connections.element(name.connection) != nil { advance(connection) }
  }

  func send(_ response: Response, to connection: Connection, _ reply: Reply) {
    var frame = OutputFrame(requestID: reply.requestID)
    frame.append(response.rendered)
    frame.appendEnd()
    send(frame.finish(), to: connection, reply, isLast: true)
  }

  /// Sends records that are no answer of a responder's.
  func sendRecords(_ bytes: [UInt8], to connection: Connection, keepsConnection: Bool) {
    send(
      bytes, to: connection, Reply(requestID: 0, keepsConnection: keepsConnection), isLast: true)
  }

  /// Ends a request that the web server has given up.
  func sendEnd(of requestID: UInt16, to connection: Connection, keepsConnection: Bool) {
    var answer: [UInt8] = []
    RecordHeader.appendEnd(requestID: requestID, protocolStatus: .complete, to: &answer)
    sendRecords(answer, to: connection, keepsConnection: keepsConnection)
  }

  private func send(_ bytes: [UInt8], to connection: Connection, _ reply: Reply, isLast: Bool) {
    if isLast { partBeforeAnswer(connection, reply) }
    do {
      let transfer = try connection.send(bytes.span)
      let sent = if case .transferred(let count) = transfer { count } else { 0 }
      if sent == bytes.count { return hasSent(connection, reply, isLast: isLast) }
      connection.state = .sending(bytes, sentByteCount: sent, isLast: isLast, reply)
      connection.deadline = deadline(limits.requestDurationSeconds)
      try watchSocket(of: connection)
    } catch {
      close(connection)
    }
  }

  /// Goes on sending where the socket takes bytes again.
  func resume(_ connection: Connection) {
    guard case .sending(let bytes, let done, let isLast, let reply) = connection.state else {
      return
    }
    do {
      let transfer = try connection.send(bytes.span.extracting(done...))
      guard case .transferred(let count) = transfer else { return }
      guard done + count == bytes.count else {
        connection.state = .sending(
          bytes, sentByteCount: done + count, isLast: isLast, reply)
        return
      }
      hasSent(connection, reply, isLast: isLast)
      guard connections.element(connection.token) === connection else { return }
      try watchSocket(of: connection)
      advance(connection)
    } catch {
      close(connection)
    }
  }

  private func hasSent(_ connection: Connection, _ reply: Reply, isLast: Bool) {
    if isLast { return finish(connection, reply) }
    connection.state = .answering(reply)
    reply.sink?.drained()
  }

  /// The answer is sent: the connection is for the next request, once the body of this one is over.
  func finish(_ connection: Connection, _ reply: Reply) {
    var reply = reply
    reply.sink = nil
    guard reply.records == nil else {
      connection.state = .passing(reply)
      connection.deadline = deadline(limits.requestDurationSeconds)
      return
    }
    connection.state = .collecting(newGate())
    guard reply.keepsConnection, endsAt == nil else { return close(connection) }
    connection.deadline = deadline(limits.idleDurationSeconds)
  }
}
