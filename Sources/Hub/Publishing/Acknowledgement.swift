import FastCGI
import Figures
import FileQueue

/// The answer to a publish whose event is as safe as the durability says.
struct Acknowledgement {
  let id: EventID
  let topics: [Topic]
  let appended: Appended
  let durability: Durability
  /// Whether the publisher wants the id alone.
  let isPlain: Bool

  /// The answer; the fields in the order of their names, as everywhere.
  var response: Response {
    var headers = [
      (name: "Content-Type", value: isPlain ? "text/plain" : "application/json"),
      (name: "Cache-Control", value: "no-store"),
    ]
    if appended.isReplayed { headers.append((name: "Idempotency-Replayed", value: "true")) }
    return Response(status: 200, headers: headers, body: isPlain ? Array("\(id)\n".utf8) : json)
  }

  private var json: [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(160)
    body += "{\"durable\":\"".utf8
    body += durability.rawValue.utf8
    body += "\",\"id\":\"".utf8
    id.append(to: &body)
    body += (appended.isReplayed ? "\",\"replayed\":true,\"time\":" : "\",\"time\":").utf8
    body += "\(appended.unixMilliseconds)".utf8
    body += ",\"topic".utf8
    if topics.count == 1 {
      body += "\":".utf8
      Self.append(topics[0], to: &body)
    } else {
      for (index, topic) in zip(topics.indices, topics) {
        body += (index == 0 ? "s\":[" : ",").utf8
        Self.append(topic, to: &body)
      }
      body.append(UInt8(ascii: "]"))
    }
    body += "}\n".utf8
    return body
  }

  /// Made for every publish: the encoder is asked only where there is something to escape.
  private static func append(_ topic: Topic, to body: inout [UInt8]) {
    if topic.text.utf8.contains(where: PlainMessage.isEscaped) {
      body += JSON.encode(topic.text).dropLast()
    } else {
      body.append(UInt8(ascii: "\""))
      body += topic.text.utf8
      body.append(UInt8(ascii: "\""))
    }
  }
}
