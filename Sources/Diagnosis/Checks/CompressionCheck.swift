/// Whether something on the way compresses the stream.
package enum CompressionCheck: DoctorCheck {
  package static let name = "compression"

  package static func judge(_ sights: Sights) -> [Verdict] {
    guard let stream = sights.compressed, let reply = stream.reply, reply.isEventStream else {
      return [.unknown("there is no stream to look at")]
    }
    let encodings = reply.values("content-encoding").filter { $0.lowercased() != "identity" }
    guard let encoding = encodings.first else {
      return [.fine("none for a client that takes gzip")]
    }
    let delay =
      stream.arrivals.isEmpty && stream.beganAfterSeconds == nil
      ? "its beginning did not come" : "its beginning came"
    return [
      .finding(
        Finding(
          "a client that takes gzip gets the stream as \(encoding); \(delay)",
          file: "weir.conf, in location ^~ /sse/; or the proxy in front that compresses",
          line:
            "gzip off;   (nginx) SetEnv no-gzip 1   (Apache) no text/event-stream in `compression type`   (HAProxy)",
          why:
            "a compressor keeps events until it has enough of them, and where it flushes each one it holds some 250 KiB for every stream"
        ))
    ]
  }
}
