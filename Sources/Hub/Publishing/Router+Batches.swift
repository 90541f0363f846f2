import FastCGI
import Figures
import Kernel

extension Router {
  /// Has the body of a batch handed on as it comes; all other bodies are collected.
  func receive(_ head: borrowing Request, exchange: Exchange) -> Reception {
    guard Route(path: head.path) == .publish, Self.isBatch(head) else { return .whole }
    counters.add(to: PageLayout.cell(.publish))
    var exchange = exchange
    exchange.headers = pageHeaders(head, on: .publish)
    do throws(Problem) {
      return .pieces(try batch(head, exchange))
    } catch {
      counters.add(to: PageLayout.publishesRefusedCell)
      return .refused(response(to: error).adding(exchange.headers))
    }
  }

  /// Whether a request is a batch: by its type, or by the name of a file that `curl -T` sends without one.
  ///
  /// With `?raw` the lines are one event.
  static func isBatch(_ request: borrowing Request) -> Bool {
    let contentType = request.parameter("CONTENT_TYPE") ?? ""
    // What most publishers send is not read as a list of parameters.
    guard !contentType.hasSameBytes(as: "application/json"),
      request.method == "PUT" || request.method == "POST"
    else { return false }
    let type = FieldValue(contentType)
    guard type.isLines || (type.text.isEmpty && BatchFile.isNamed(in: request.path)) else {
      return false
    }
    guard let pairs = try? FormDecoding.pairs(request.query) else { return true }
    return !pairs.contains {
      $0.name.hasSameBytes(as: "raw") && (try? QueryNames.flag($0.value, name: "raw")) == true
    }
  }

  /// Begins the batch that a head asks for.
  func batch(
    _ head: borrowing Request, _ exchange: Exchange
  ) throws(Problem) -> any BodySink {
    let type = head.parameter("CONTENT_TYPE") ?? ""
    let headers = head.headers
    try checkSender(head.method, contentType: type, headers)
    let permit = try permit(head, .changes)
    var topic = try Self.topic(of: head, behind: .publish)
    if type.isEmpty { topic = topic.flatMap(BatchFile.topic) }
    let request = try BatchRequest(
      contentEncoding: Self.text(of: "CONTENT_ENCODING", in: headers),
      accept: Self.text(of: "ACCEPT", in: headers), pathTopic: topic,
      pairs: try FormDecoding.pairs(head.query), headers: headers,
      permit: lasting(permit))
    return try batches.open(request, exchange)
  }
}

/// The name of a file of lines, which `curl -T` puts behind an address that ends with a slash.
enum BatchFile {
  private static let endings = [".ndjson", ".jsonl"]

  /// Whether a path ends with such a name.
  static func isNamed(in path: [UInt8]) -> Bool {
    endings.contains { path.suffix($0.utf8.count).elementsEqual($0.utf8) }
  }

  /// What stands before the name; nil where nothing does.
  static func topic(of path: String) -> String? {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).flatMap { String(path.utf8[..<$0]) }
      .flatMap { $0.isEmpty ? nil : $0 }
  }
}
