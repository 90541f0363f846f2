import FastCGI
import Figures
import FileQueue

/// `/groups`: looking at groups, removing one, and acknowledging events.
extension Router {
  private enum Target {
    case all
    case one(GroupName)
    case acknowledgements(GroupName)
  }

  func groups(_ request: borrowing Request, _ exchange: Exchange) throws(Problem) -> Answer {
    let target = try Self.target(request.path)
    let isRead = ["GET", "HEAD"].contains(request.method)
    let permit = try permit(request, isRead ? .none : .changes)
    switch target {
    case .all:
      try Self.require(request, "GET, HEAD, OPTIONS", "read groups with GET")
      groupDesk.ask { result in
        complete(exchange, result) { figures in
          JSON.encode(["groups": figures.groups.filter { permit.maySubscribe($0.topics) }])
        }
      }
    case .one(let name):
      let filter = try filter(of: name, permit)
      if request.method == "DELETE" {
        if let filter { try permit.checkRemoval(filter) }
        groups.remove(name) { result in
          switch result {
          case .success: exchange.complete(Response(status: 204, headers: [], body: []))
          case .failure(let error): exchange.complete(response(to: Problem(error)))
          }
        }
        return .later
      }
      try Self.require(
        request, "GET, HEAD, DELETE, OPTIONS", "read a group with GET, remove it with DELETE")
      groups.tell(of: name) { result in complete(exchange, result) { JSON.encode($0) } }
    case .acknowledgements(let name):
      _ = try filter(of: name, permit)
      return try acknowledge(request, name, exchange)
    }
    return .later
  }

  /// The topics of a group, nil where everybody may do everything; one of topics that may not be read is refused as
  /// one that there is not.
  private func filter(
    of name: GroupName, _ permit: RequestPermit
  ) throws(Problem) -> TopicFilter? {
    guard permit.isLimited else { return nil }
    do throws(GroupError) {
      guard let terms = try queue.groups.terms(of: name), permit.maySubscribe(terms.filter.texts)
      else { throw GroupError.missing(name) }
      return terms.filter
    } catch {
      throw Problem(error)
    }
  }

  private func acknowledge(
    _ request: borrowing Request, _ name: GroupName, _ exchange: Exchange
  ) throws(Problem) -> Answer {
    try Self.require(request, "POST, OPTIONS", "acknowledge events with POST")
    let acknowledgement = try AcknowledgeRequest(
      contentType: request.parameter("CONTENT_TYPE"), body: request.body)
    groups.acknowledge(acknowledgement.ids, of: name) { result in
      complete(exchange, result) {
        JSON.encode(AcknowledgeRequest.Reply(acknowledgement.texts, known: $0))
      }
    }
    return .later
  }

  /// Completes an exchange with JSON, or with what stood in the way.
  private func complete<Value>(
    _ exchange: Exchange, _ result: Result<Value, GroupError>, _ body: (Value) -> [UInt8]
  ) {
    switch result {
    case .success(let value):
      exchange.complete(
        Response(
          status: 200,
          headers: [
            (name: "Content-Type", value: "application/json"),
            (name: "Cache-Control", value: "no-store"),
          ], body: body(value)))
    case .failure(let error): exchange.complete(response(to: Problem(error)))
    }
  }

  private static func require(
    _ request: borrowing Request, _ methods: String, _ advice: String
  ) throws(Problem) {
    let method = request.method
    let isOne = methods.utf8.split(separator: UInt8(ascii: ",")).contains { name in
      name.drop { $0 == UInt8(ascii: " ") }.elementsEqual(method.utf8)
    }
    guard isOne else {
      throw Problem(status: 405, code: .methodNotAllowed, detail: advice, allow: methods)
    }
  }

  /// What a path below the route is about.
  private static func target(_ path: [UInt8]) throws(Problem) -> Target {
    let parts = path[Route.groups.path.count...].split(separator: UInt8(ascii: "/"))
      .map { String(decoding: $0, as: UTF8.self) }
    guard let first = parts.first else { return .all }
    let name: GroupName
    do { name = try GroupName(first) } catch { throw Problem(error) }
    if parts.count == 1 { return .one(name) }
    guard parts.count == 2, parts[1] == "ack" else {
      throw Problem(
        status: 404, code: .notFound,
        detail: "there is nothing below a group but /groups/\(name)/ack, for acknowledgements")
    }
    return .acknowledgements(name)
  }
}
