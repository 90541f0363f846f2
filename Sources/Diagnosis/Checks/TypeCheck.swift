/// Whether what comes is called an event stream, in UTF-8.
package enum TypeCheck: DoctorCheck {
  package static let name = "content-type"

  package static func judge(_ sights: Sights) -> [Verdict] {
    guard let reply = sights.live.reply, reply.status == 200 else {
      return [.unknown("there is no stream to look at")]
    }
    let types = reply.values("content-type")
    let why = "a browser gives an EventSource up for good on any other type, without a word"
    guard types.count == 1, reply.mediaType == "text/event-stream" else {
      let told = types.isEmpty ? "no type" : types.joined(separator: " and ")
      return [
        .finding(
          Finding(
            "the stream comes as \(told)",
            file: "each proxy in front of weir's nginx, and the site's locations for /sse",
            line: "(take out what sets or hides Content-Type; weir sends text/event-stream)",
            why: why
          ))
      ]
    }
    let parameters = types[0].lowercased().split(separator: ";").dropFirst()
    if let charset = parameters.first(where: { $0.firstRange(of: "charset=") != nil }),
      charset.firstRange(of: "utf-8") == nil
    {
      return [
        .finding(
          Finding(
            "the stream comes as \(types[0])", file: "weir.conf, in location ^~ /sse/",
            line: "charset off;",
            why: "event streams are UTF-8; what is told another charset, or recoded, is unreadable")
        )
      ]
    }
    if let delivery = sights.delivery, delivery.delaySeconds != nil, !delivery.isIntact {
      return [
        .finding(
          Finding(
            "the text of an event comes other than it was sent",
            file: "each proxy in front of weir's nginx", line: "charset off;",
            why: "something on the way recodes or rewrites the stream (charset, sub_filter)"))
      ]
    }
    return [.fine(types[0])]
  }
}
