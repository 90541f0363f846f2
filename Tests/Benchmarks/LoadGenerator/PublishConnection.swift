import Kernel

/// One keep-alive connection that has at most one publish under way.
///
/// A publish is sent once: where the connection breaks before the answer, nobody knows whether the
/// event was queued, and the publish counts as refused.
final class PublishConnection {
  /// What came of a publish.
  enum Outcome {
    case acknowledged(epoch: Int, sequence: UInt64)
    /// Status 0: the connection broke.
    case refused(status: Int)
  }

  /// The event that was published, and what came of it.
  typealias Answer = (number: Int, nanoseconds: Int64, outcome: Outcome)

  private let endpoint: Endpoint
  /// The connection; open between publishes too.
  private(set) var descriptor: Descriptor
  /// The event whose answer is awaited.
  private var event: (number: Int, nanoseconds: Int64)?

  private var request: [UInt8] = []
  private var sentCount = 0
  private var response: [UInt8] = []
  private var buffer = [UInt8](repeating: 0, count: 4096)

  init(to endpoint: Endpoint) throws {
    self.endpoint = endpoint
    descriptor = try Platform.connect(to: endpoint)
  }

  /// Whether part of the request still has to be written.
  var hasUnsent: Bool { sentCount < request.count }

  /// Begins to publish an event; the connection has none under way.
  func begin(_ stamp: Stamp, number: Int, nanoseconds: Int64) {
    precondition(event == nil)
    event = (number, nanoseconds)
    let head =
      "POST \(endpoint.path) HTTP/1.1\r\nHost: \(endpoint.authority)\r\n"
      + "Content-Type: application/json\r\nContent-Length: \(stamp.byteCount + 14)\r\n\r\n"
    request = Array(head.utf8)
    request += Array("{\"message\":\"".utf8)
    request += stamp.message(number: number, nanoseconds: nanoseconds)
    request += Array("\"}".utf8)
    sentCount = 0
    response = []
    // What goes wrong here is found when the connection is ready next.
    _ = try? send()
  }

  /// Writes and reads what goes without waiting; returns what came of the publish once known.
  func advance() throws(SystemCallError) -> Answer? {
    do {
      if hasUnsent { try send() }
      var span = buffer.mutableSpan
      guard case .transferred(let count) = try descriptor.receive(into: &span) else { return nil }
      if count == 0 { return try broken() }
      response += buffer.prefix(count)
    } catch {
      return try broken()
    }
    return try answer()
  }

  private func send() throws(SystemCallError) {
    let all = request
    let rest = all.span.extracting(sentCount...)
    if case .transferred(let count) = try descriptor.send(rest) { sentCount += count }
  }

  /// Connects anew, for the next publish.
  private func broken() throws(SystemCallError) -> Answer? {
    descriptor = try Platform.connect(to: endpoint)
    return ended(.refused(status: 0))
  }

  private func ended(_ outcome: Outcome) -> Answer? {
    defer {
      event = nil
      request = []
      sentCount = 0
    }
    return event.map { ($0.number, $0.nanoseconds, outcome) }
  }

  private func answer() throws(SystemCallError) -> Answer? {
    guard let head = ResponseHead(response.span) else { return nil }
    guard let body = body(behind: head) else { return nil }
    if head.isLast { descriptor = try Platform.connect(to: endpoint) }
    guard head.status == 200, let id = Self.id(body.span) else {
      return ended(.refused(status: head.status))
    }
    return ended(.acknowledged(epoch: id.epoch, sequence: id.sequence))
  }

  /// The body, without chunks; nil while it is not complete.
  private func body(behind head: ResponseHead) -> [UInt8]? {
    let rest = response[head.byteCount...]
    guard head.isChunked else {
      let length = head.contentLength ?? 0
      return rest.count < length ? nil : Array(rest.prefix(length))
    }
    var chunks = ChunkDecoder()
    var position = head.byteCount
    var body: [UInt8] = []
    while let piece = try? chunks.next(response.span, &position) { body += response[piece] }
    return chunks.hasEnded ? body : nil
  }

  /// The id of `{…,"id":"6f2a91c4-42",…}`.
  private static func id(_ body: Span<UInt8>) -> (epoch: Int, sequence: UInt64)? {
    for start in body.indices {
      guard let value = body.rest(of: start..<body.count, after: "\"id\":\"") else { continue }
      guard
        let epoch = Int(
          String(decoding: value.prefix(8).map { body[$0] }, as: UTF8.self), radix: 16),
        let sequence = body.sequence(in: value)
      else { return nil }
      return (epoch, sequence)
    }
    return nil
  }
}
