import Kernel

/// One keep-alive connection that has at most one publish under way.
///
/// A publish is sent once: where the connection breaks before the answer, nobody knows whether the
/// event was queued, and the publish counts as refused.
final class PublishConnection {
  /// What came of a publish.
  enum Outcome {
    /// Epoch and sequence are 0 where the dialect has none.
    case acknowledged(epoch: Int, sequence: UInt64)
    /// Status 0: the connection broke.
    case refused(status: Int)
  }

  /// The event that was published, and what came of it.
  typealias Answer = (number: Int, nanoseconds: Int64, outcome: Outcome)

  private let endpoint: Endpoint
  private let dialect: Dialect
  private let stamp: Stamp
  /// What every request begins with.
  private let requestStart: [UInt8]
  private let requestEnd: [UInt8]
  /// The connection; open between publishes too.
  private(set) var descriptor: Descriptor
  /// The event whose answer is awaited.
  private var event: (number: Int, nanoseconds: Int64)?

  private var request: [UInt8] = []
  private var sentCount = 0
  private var response: [UInt8] = []
  private var buffer = [UInt8](repeating: 0, count: 4096)

  init(to endpoint: Endpoint, dialect: Dialect, stamp: Stamp, token: String? = nil) throws {
    self.endpoint = endpoint
    self.dialect = dialect
    self.stamp = stamp
    let (before, after) = dialect.wrapping
    let length = before.utf8.count + stamp.byteCount + after.utf8.count
    let head =
      "POST \(endpoint.path) HTTP/1.1\r\nHost: \(endpoint.authority)\r\n"
      + (token.map { "Authorization: Bearer \($0)\r\n" } ?? "")
      + "Content-Type: \(dialect.contentType)\r\nContent-Length: \(length)\r\n\r\n\(before)"
    requestStart = Array(head.utf8)
    requestEnd = Array(after.utf8)
    descriptor = try Platform.connect(to: endpoint)
  }

  /// Whether part of the request still has to be written.
  var hasUnsent: Bool { sentCount < request.count }

  /// Begins to publish an event; the connection has none under way.
  func begin(number: Int, nanoseconds: Int64) {
    precondition(event == nil)
    event = (number, nanoseconds)
    request.removeAll(keepingCapacity: true)
    request += requestStart
    request += stamp.data(number: number, nanoseconds: nanoseconds)
    request += requestEnd
    sentCount = 0
    response.removeAll(keepingCapacity: true)
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
      request.removeAll(keepingCapacity: true)
      sentCount = 0
    }
    return event.map { ($0.number, $0.nanoseconds, outcome) }
  }

  private func answer() throws(SystemCallError) -> Answer? {
    guard let head = ResponseHead(response.span) else { return nil }
    guard let body = body(behind: head) else { return nil }
    if head.isLast { descriptor = try Platform.connect(to: endpoint) }
    guard dialect.isTaken(head.status) else { return ended(.refused(status: head.status)) }
    switch dialect {
    case .plain, .pushpin:
      return ended(.acknowledged(epoch: 0, sequence: 0))
    case .weir:
      guard let id = Self.id(body.span) else { return ended(.refused(status: head.status)) }
      return ended(.acknowledged(epoch: id.epoch, sequence: id.sequence))
    }
  }

  /// The body, without chunks; nil while it is not complete.
  private func body(behind head: ResponseHead) -> [UInt8]? {
    guard head.isChunked else {
      let content = response[head.byteCount...]
      let length = head.contentLength ?? 0
      return content.count < length ? nil : Array(content.prefix(length))
    }
    var chunks = ChunkDecoder()
    var rest = head.byteCount..<response.count
    var body: [UInt8] = []
    while let piece = try? chunks.next(response.span, &rest) { body += response[piece] }
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
