import FastCGI
import Figures
import FileQueue

/// The answer to a publish whose event is as safe as the durability says.
struct Acknowledgement {
  let id: EventID
  let topic: Topic
  let durability: Durability

  /// The answer; the fields in the order of their names, as everywhere.
  var response: Response {
    var body: [UInt8] = []
    body.reserveCapacity(128)
    body += "{\"durable\":\"\(durability.rawValue)\",\"id\":\"\(id)\",\"topic\":".utf8
    // Made for every publish: the encoder is asked only where there is something to escape.
    if topic.text.utf8.contains(where: PlainMessage.isEscaped) {
      body += JSON.encode(topic.text).dropLast()
    } else {
      body.append(UInt8(ascii: "\""))
      body += topic.text.utf8
      body.append(UInt8(ascii: "\""))
    }
    body += "}\n".utf8
    return Response(
      status: 200,
      headers: [
        (name: "Content-Type", value: "application/json"),
        (name: "Cache-Control", value: "no-store"),
      ],
      body: body)
  }
}
