import FoundationEssentials
import Kernel

/// Publishes to a weir over HTTP; what a broken connection leaves in doubt is sent again with the same key,
/// by which it is queued once.
final class RemoteSink: EventSink {
  /// What a site answers to one event.
  private struct Answer: Decodable {
    var id: String
  }

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
    let answer = try hub.post(
      "/publish",
      headers: [
        (name: "Content-Type", value: "application/json"),
        (name: "Accept", value: "application/json"),
        // In quotes, as draft-ietf-httpapi-idempotency-key-header has it.
        (name: "Idempotency-Key", value: "\"\(Self.escape(key))\""),
      ],
      body: try publication.json(), patience: patience, interruption: interruption)
    return try decode(Answer.self, answer).id
  }

  /// Publishes each line as an event with the fields of a model; what is refused stops nothing.
  func publish(_ lines: [InputLine], as model: Publication) throws -> PublishTally {
    var tally = PublishTally()
    for line in lines {
      do {
        tally.accept(try publish(try line.publication(model)), isReplayed: false)
      } catch let fault as LineFault {
        tally.reject(line.number, fault.description)
      } catch let problem as RemoteProblem where problem.isOfEvent {
        tally.reject(line.number, "\(problem)")
      }
    }
    return tally
  }

  private func nextKey() -> String {
    keyCount += 1
    return "\(keyPrefix)-\(keyCount)"
  }

  private static func escape(_ key: String) -> String {
    key.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ answer: [UInt8]) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(answer))
    } catch {
      throw CommandFailure(
        "what the site answers is not what a weir does: check --url", exitCode: 69)
    }
  }
}
