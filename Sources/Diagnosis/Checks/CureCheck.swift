/// Whether a browser gets an empty stream, and no 5xx, where nginx cannot ask weir.
package enum CureCheck: DoctorCheck {
  package static let name = "5xx"

  package static func judge(_ sights: Sights) -> [Verdict] {
    if let reply = sights.live.reply, reply.status >= 500 { return [missing(reply.status)] }
    if sights.live.turnedAway != nil {
      return [.fine("what nginx cannot pass on gets an empty stream that is tried again")]
    }
    guard let attempt = sights.failing else {
      return [
        .unknown("what browsers get while weir is restarted is asked with --intrusive only")
      ]
    }
    guard let reply = attempt.reply else { return [.unknown("the request got no answer")] }
    if reply.isEventStream, reply.body.firstRange(of: "retry:") != nil {
      return [.fine("where nginx fails, a stream is told to come back")]
    }
    if reply.status >= 500 { return [missing(reply.status)] }
    return [
      .unknown(
        "the request that would make nginx fail was refused before (\(reply.status)): with `large_client_header_buffers 4 28k;` in the server, as weir.conf has it, it is not"
      )
    ]
  }

  private static func missing(_ status: Int) -> Verdict {
    .finding(
      Finding(
        "a stream that nginx cannot pass on gets \(status)",
        file: "weir.conf, in location ^~ /sse/ (and no proxy_intercept_errors in front)",
        line: "error_page 429 500 502 503 504 = $weir_instead;",
        why:
          "a browser gives an EventSource up for good on any 5xx: after each restart of weir pages stay silent until they are loaded anew"
      ))
  }
}
