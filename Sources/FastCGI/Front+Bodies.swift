import Kernel

/// Bodies that are handed on piece by piece.
extension Front {
  /// Has the responder say how it wants the body of a request whose head is whole.
  func beginBody(_ connection: Connection, headByteCount: Int, requestID: UInt16) {
    do throws(SystemCallError) {
      var head = Array(connection.received[..<headByteCount])
      RecordHeader.append(.standardInput, requestID: requestID, contentByteCount: 0, to: &head)
      try file.replaceContent(with: head.span)
      guard let request = try Request(&file, byteCount: head.count) else {
        return close(connection)
      }
      let exchange = Exchange(mailbox: mailbox, name: connection.nameRequest())
      let reception = responder.receive(request, exchange: exchange)
      if case .whole = reception { return }
      var reply = Reply(requestID: requestID, keepsConnection: request.keepsConnection)
      let records = BodyRecords(requestID: requestID)
      consume(connection, headByteCount)
      let rest = connection.received
      connection.received = []
      switch reception {
      case .whole:
        break
      case .pieces(let sink):
        reply.input = .handed(records)
        reply.sink = sink
        connection.state = .answering(reply)
        connection.deadline = deadline(limits.bodySilenceSecondsMaximum)
        if endsAt != nil { sink.stop() }
      case .refused(let response):
        reply.input = .passed(records)
        connection.state = .answering(reply)
        send(response, to: connection, reply)
        guard connections.element(connection.token) === connection else { return }
      }
      takeBody(connection, rest.span)
    } catch {
      shortage.note(.resources(error))
      close(connection)
    }
  }

  /// Hands on what has come of a body, or passes it by; what is behind its end is a next request's.
  func takeBody(_ connection: Connection, _ bytes: Span<UInt8>) {
    guard let reply = connection.reply, var records = reply.records else { return }
    var content: [UInt8] = []
    content.reserveCapacity(bytes.count)
    var position = 0
    let verdict = records.take(bytes, from: &position, into: &content)
    var takesMore = true
    if reply.waitsForBody {
      connection.deadline = deadline(limits.bodySilenceSecondsMaximum)
      if !content.isEmpty { takesMore = reply.sink?.take(content) ?? true }
    } else {
      connection.discardedByteCount += content.count
      guard connection.discardedByteCount <= limits.discardedBodyByteCountMaximum else {
        return close(connection)
      }
    }
    switch verdict {
    case .goesOn:
      if !reply.waitsForBody { return connection.setInput(.passed(records)) }
      if takesMore { return connection.setInput(.handed(records)) }
      connection.setInput(.paused(records))
      do { try watchSocket(of: connection) } catch { close(connection) }
    case .ended:
      connection.setInput(.ended)
      connection.received.append(bytes.extracting(position...))
      if reply.waitsForBody { reply.sink?.end() }
      if case .passing(let reply) = connection.state { finish(connection, reply) }
    case .aborted:
      connection.received.append(bytes.extracting(position...))
      abort(connection, reply)
    case .malformed:
      close(connection)
    }
  }

  /// The web server has given up a request whose body was not whole.
  private func abort(_ connection: Connection, _ reply: Reply) {
    connection.setInput(.ended)
    switch connection.state {
    case .collecting, .sending:
      // What has begun cannot be taken back.
      close(connection)
    case .answering:
      reply.sink?.abandon()
      sendEnd(
        of: reply.requestID, to: connection, keepsConnection: reply.keepsConnection)
    case .passing(let reply):
      finish(connection, reply)
    }
  }

  /// Goes on reading where the sink takes more.
  func resumeBody(of connection: Connection) {
    guard case .paused(let records) = connection.reply?.input else { return }
    connection.setInput(.handed(records))
    connection.deadline = deadline(limits.bodySilenceSecondsMaximum)
    do { try watchSocket(of: connection) } catch { close(connection) }
  }
}
