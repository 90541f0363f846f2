import Glibc
import Kernel

/// Publishes the events of a run as the lines of one body that goes on for as long as the run (NDJSON, in chunks).
///
/// The reply comes at its end. It says which ids the lines have got, in their order, as long as nobody else
/// publishes meanwhile.
struct LinesPublisher: ~Copyable {
  /// What is due is sent in one chunk so often, as a program does that writes into `curl -T -`.
  private static let chunkNanoseconds: Int64 = 1_000_000
  private static let chunkEventCountMaximum = 4096

  private let endpoint: Endpoint
  private let stamp: Stamp
  private let descriptor: Descriptor
  private var response: [UInt8] = []

  /// Connects.
  init(to endpoint: Endpoint, stamp: Stamp) throws {
    self.endpoint = endpoint
    self.stamp = stamp
    descriptor = try Platform.connect(to: endpoint)
  }

  /// Publishes all events of `loop` at their times and waits for the reply, until `deadline`.
  mutating func run(_ loop: OpenLoop, _ tally: inout PublishTally, deadline: Deadline) throws {
    tally.startNanoseconds = loop.startNanoseconds
    try send(
      Array(
        ("POST \(endpoint.path) HTTP/1.1\r\nHost: \(endpoint.authority)\r\nConnection: close\r\n"
          + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n").utf8),
      deadline)
    var number = 0
    while number < loop.eventCount && !deadline.isPast && response.isEmpty {
      let now = Clock.monotonicNanoseconds()
      let due = loop.dueNanoseconds(of: number)
      if now < due {
        Clock.pause(Duration(nanoseconds: max(due - now, Self.chunkNanoseconds)))
        continue
      }
      if now - due > OpenLoop.lagNanosecondsMaximum { break }
      let end = max(
        number + 1, min(loop.dueNext(at: now), number + Self.chunkEventCountMaximum))
      tally.lag.record(now - due)
      tally.lastSentNanoseconds = now
      try send(chunk(number..<end) { loop.dueNanoseconds(of: $0) }, deadline)
      number = end
    }
    // A reply before the end of the body says why nothing more is taken.
    if response.isEmpty { try send(Array("0\r\n\r\n".utf8), deadline) }
    tally.unsentCount = loop.eventCount - number
    let reply = try reply(deadline)
    guard let reply, reply.sequences.count == number else {
      tally.unansweredCount = loop.eventCount
      return tally.refuse(status: reply?.status ?? 0)
    }
    tally.unansweredCount = tally.unsentCount
    tally.add(numbers: 0..<number, sequences: reply.sequences, epoch: reply.epoch)
  }

  private func chunk(_ numbers: Range<Int>, dueAt: (Int) -> Int64) -> [UInt8] {
    let (before, after) = Dialect.weir.wrapping
    let lineByteCount = before.utf8.count + stamp.byteCount + after.utf8.count + 1
    var chunk: [UInt8] = []
    chunk.reserveCapacity(numbers.count * lineByteCount + 16)
    chunk += "\(String(numbers.count * lineByteCount, radix: 16))\r\n".utf8
    for number in numbers {
      chunk += before.utf8
      chunk += stamp.data(number: number, nanoseconds: dueAt(number))
      chunk += after.utf8
      chunk.append(UInt8(ascii: "\n"))
    }
    chunk += "\r\n".utf8
    return chunk
  }

  /// Sends all of `bytes`; less where a reply comes meanwhile.
  private mutating func send(_ bytes: [UInt8], _ deadline: Deadline) throws {
    var done = 0
    while done < bytes.count {
      var sent = 0
      if case .transferred(let count) = try descriptor.send(bytes.span.extracting(done...)) {
        sent = count
      }
      done += sent
      if sent > 0 { continue }
      try deadline.check("a batch is sent")
      if try wait(for: POLLIN | POLLOUT, deadline) & Int16(POLLIN) != 0 {
        _ = try receive()
        return
      }
    }
  }

  private func wait(for events: Int32, _ deadline: Deadline) throws -> Int16 {
    var watched = [pollfd(fd: descriptor.rawValue, events: Int16(events), revents: 0)]
    try Platform.wait(&watched, timeout: deadline.remaining)
    return watched[0].revents
  }

  /// Reads what is there; false at the end of the connection.
  private mutating func receive() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    var span = buffer.mutableSpan
    guard case .transferred(let count) = try descriptor.receive(into: &span) else { return true }
    response += buffer.prefix(count)
    return count > 0
  }

  /// The ids that the lines have got; empty where one was refused, or somebody else has published.
  private struct Reply {
    let status: Int
    var epoch: UInt32 = 0
    var sequences: Range<UInt64> = 0..<0
  }

  /// Reads the reply to its end; nil where the connection broke.
  private mutating func reply(_ deadline: Deadline) throws -> Reply? {
    repeat {
      try deadline.check("the reply to a batch is awaited")
      _ = try wait(for: POLLIN, deadline)
    } while try receive()
    let text = response.span
    guard let head = ResponseHead(text) else { return nil }
    var reply = Reply(status: head.status)
    guard head.status == 200, let accepted = number(behind: "\"accepted\":", in: text),
      number(behind: "\"rejected\":", in: text) == 0,
      let first = id(behind: "\"first\":\"", in: text),
      let last = id(behind: "\"last\":\"", in: text), first.epoch == last.epoch,
      last.sequence - first.sequence == UInt64(accepted - 1)
    else { return reply }
    reply.epoch = first.epoch
    reply.sequences = first.sequence..<last.sequence + 1
    return reply
  }

  private func number(behind name: String, in text: borrowing Span<UInt8>) -> Int? {
    value(behind: name, in: text).flatMap { text.decimal(in: $0) }
  }

  private func id(
    behind name: String, in text: borrowing Span<UInt8>
  ) -> (epoch: UInt32, sequence: UInt64)? {
    guard let value = value(behind: name, in: text), let sequence = text.sequence(in: value),
      let epoch = UInt32(
        String(decoding: value.prefix(8).map { text[$0] }, as: UTF8.self), radix: 16)
    else { return nil }
    return (epoch, sequence)
  }

  private func value(behind name: String, in text: borrowing Span<UInt8>) -> Range<Int>? {
    for start in text.indices {
      if let value = text.rest(of: start..<text.count, after: name) { return value }
    }
    return nil
  }
}
