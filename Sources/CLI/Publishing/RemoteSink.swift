import Kernel

/// Publishes to a weir over HTTP; what a broken connection leaves in doubt is sent again with the same key,
/// by which it is queued once.
final class RemoteSink: EventSink {
  /// What a site answers to one event.
  private struct Answer: Decodable {
    var id: String?
    /// The id of one that is to be published later.
    var delayed: String?
  }

  /// What a site answers to a batch.
  private struct BatchAnswer: Decodable {
    struct Rejection: Decodable {
      var line: Int
      var detail: String
    }
    var accepted: Int
    var rejected: Int
    var replayed: Int?
    var first: String?
    var last: String?
    var errors: [Rejection]?
    /// From which line on nothing was taken.
    var stopped_at_line: Int?
  }

  /// What a site takes of one event, unless it comes in a batch.
  private static let wholeByteCountMaximum = 1 << 20

  private let hub: RemoteHub
  private let patience: Duration
  private let interruption: Interruption?
  /// What the keys of this process begin with.
  private let keyPrefix: String
  private var keyCount = 0

  /// - Parameters:
  ///   - patience: a site that does not answer is given up after so long.
  ///   - interruption: what ends waiting for it.
  init(_ hub: RemoteHub, patience: Duration, interruption: Interruption? = nil) throws {
    self.hub = hub
    self.patience = patience
    self.interruption = interruption
    keyPrefix = try (0..<4).map { _ in
      let digits = String(try UInt32.fromKernel(), radix: 16)
      return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }.joined()
  }

  /// Publishes one event; returns its id.
  func publish(_ publication: Publication) throws -> String {
    var publication = publication
    let key = publication.key ?? nextKey()
    publication.key = nil
    let body = try publication.json()
    if body.count > Self.wholeByteCountMaximum, !publication.isDelayed {
      publication.key = key
      return try publishAlone(try publication.json())
    }
    let answer = try hub.post(
      "/publish",
      headers: [
        (name: "Content-Type", value: "application/json"),
        (name: "Accept", value: "application/json"),
        // In quotes, as draft-ietf-httpapi-idempotency-key-header has it.
        (name: "Idempotency-Key", value: "\"\(Self.escape(key))\""),
      ],
      body: body, patience: patience, interruption: interruption)
    let told = try RemoteHub.decode(Answer.self, answer)
    guard let id = told.id ?? told.delayed else { throw RemoteHub.strange }
    return id
  }

  /// Publishes an event that is larger than a site takes at once, as the only line of a batch.
  private func publishAlone(_ event: [UInt8]) throws -> String {
    let answer = try send(event + [UInt8(ascii: "\n")], query: [])
    if let id = answer.first { return id }
    guard let error = answer.errors?.first else { throw RemoteHub.strange }
    throw CommandFailure(error.detail.printable, exitCode: 64)
  }

  /// Publishes the events of lines; what is refused stops nothing.
  func publish(_ lines: [InputLine], as format: LineFormat) throws -> PublishTally {
    var query: [(name: String, value: String)] = []
    switch format {
    // A batch is published at once.
    case .text(let model) where model.isDelayed: return try publishOneByOne(lines, model)
    case .text: break
    case .json(let batch): query = batch.query
    }
    var tally = PublishTally()
    var body: [UInt8] = []
    var numbers: [Int] = []
    for line in lines {
      do {
        body += try format.json(line, key: nextKey())
        body.append(UInt8(ascii: "\n"))
        numbers.append(line.number)
      } catch let fault as LineFault {
        tally.reject(line.number, fault.description)
      }
    }
    guard !numbers.isEmpty else { return tally }
    let answer = try send(body, query: query)
    tally.acceptedCount += answer.accepted
    if case .json = format { tally.replayedCount += answer.replayed ?? 0 }
    (tally.first, tally.last) = (answer.first, answer.last)
    for error in answer.errors ?? [] {
      // The site counts the lines of what it was sent.
      let number = numbers.indices.contains(error.line - 1) ? numbers[error.line - 1] : error.line
      tally.reject(number, error.detail.printable)
    }
    tally.rejectedCount += answer.rejected - (answer.errors ?? []).count
    return tally
  }

  private func publishOneByOne(
    _ lines: [InputLine], _ model: Publication
  ) throws -> PublishTally {
    var tally = PublishTally()
    for line in lines {
      do {
        tally.accept(try publish(try line.publication(model)), isReplayed: false)
      } catch let fault as LineFault {
        tally.reject(line.number, fault.description)
      } catch let problem as RemoteProblem where problem.isAboutEvent {
        tally.reject(line.number, problem.description)
      }
    }
    return tally
  }

  private func send(
    _ body: [UInt8], query: [(name: String, value: String)]
  ) throws -> BatchAnswer {
    do {
      let answer = try hub.post(
        "/publish", query: query,
        headers: [
          (name: "Content-Type", value: "application/x-ndjson"),
          (name: "Accept", value: "application/json"),
        ],
        body: body, patience: patience, interruption: interruption)
      return try RemoteHub.decode(BatchAnswer.self, answer)
    } catch let problem as RemoteProblem {
      // Where no line was taken, the whole is refused as the first one is.
      guard let answer = problem.decode(BatchAnswer.self), answer.stopped_at_line == nil,
        answer.rejected > 0
      else { throw problem }
      return answer
    }
  }

  private func nextKey() -> String {
    keyCount += 1
    return "\(keyPrefix)-\(keyCount)"
  }

  private static func escape(_ key: String) -> String {
    key.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }
}
