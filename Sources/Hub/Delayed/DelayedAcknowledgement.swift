import FastCGI
import Figures
import FileQueue

/// The answer to a publish whose event is on disk and waits for its time.
struct DelayedAcknowledgement {
  let receipt: DelayedReceipt
  let topics: [Topic]
  /// Whether the publisher wants the id alone.
  let isPlain: Bool

  private struct Body: Encodable {
    let delayed: String
    /// In milliseconds since 1970.
    let due: Int64
    /// Whatever the durability of others: it is kept for longer.
    let durable = Durability.full.rawValue
    let replayed: Bool?
    let topic: String?
    let topics: [String]?
  }

  /// The answer.
  var response: Response {
    var headers = [
      (name: "Content-Type", value: isPlain ? "text/plain" : "application/json"),
      (name: "Cache-Control", value: "no-store"),
    ]
    if receipt.isReplayed { headers.append((name: "Idempotency-Replayed", value: "true")) }
    let body = Body(
      delayed: "\(receipt.id)", due: receipt.due, replayed: receipt.isReplayed ? true : nil,
      topic: topics.count == 1 ? topics[0].text : nil,
      topics: topics.count == 1 ? nil : topics.map(\.text))
    return Response(
      status: 202, headers: headers,
      body: isPlain ? Array("\(receipt.id)\n".utf8) : JSON.encode(body))
  }
}
