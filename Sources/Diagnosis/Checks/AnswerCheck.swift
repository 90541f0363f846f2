/// Whether weir answers at all.
package enum AnswerCheck: DoctorCheck {
  package static let name = "weir"

  package static func judge(_ sights: Sights) -> [Verdict] {
    if let away = sights.live.turnedAway { return [turnedAway(away)] }
    switch sights.live.opening {
    case .failed(let reason):
      return [.unknown("the stream gave no answer (\(reason))")]
    case .reply(let reply):
      if reply.status == 200 {
        return [answers(sights)]
      }
      if reply.status >= 500 { return [isDown("a stream is answered with \(reply.status)")] }
      if reply.status == 401 || reply.status == 403 {
        return [
          .unknown(
            "the site lets nobody read the topic of the probe (\(reply.status)): name a token with --token-file or the variable WEIR_TOKEN, and a topic that it may read and publish with --topic"
          )
        ]
      }
      return [.unknown("a stream is answered with \(reply.status): \(said(reply))")]
    }
  }

  private static func answers(_ sights: Sights) -> Verdict {
    if let health = sights.health?.reply, health.status == 503,
      health.field("code") != "hub_unavailable"
    {
      return .finding(
        Finding(
          "weir streams, and its queue takes no events: /weir/healthz answers 503",
          file: "the disk of the queue", line: "weir status --queue DIRECTORY",
          why: "publishers get 503 or 507 until the queue can be written; weir's log says why"))
    }
    return .fine("answers at \(sights.viewpoint.site)")
  }

  private static func turnedAway(_ comment: String) -> Verdict {
    if comment.hasPrefix("weir does not answer") { return isDown("nginx says so on the stream") }
    if comment.hasPrefix("nginx cannot find out") {
      return .finding(
        Finding(
          "a stream is sent away: \(comment)", file: "the site's nginx, and its error log",
          line: "auth_request …",
          why:
            "what auth_request asks fails, or the request is too large for FastCGI; nobody gets a stream"
        ))
    }
    return .finding(StreamsCheck.limit(comment))
  }

  private static func isDown(_ seen: String) -> Verdict {
    .finding(
      Finding(
        "weir does not answer nginx: \(seen)", file: "weir-upstream.conf, and the service of weir",
        line: "server unix:/run/weir/weir.sock max_fails=0;",
        why:
          "nobody can publish, and nobody gets an event. See that weir runs (systemctl status, or its log), that it listens at the socket that nginx names, and that nginx's user may open it (mode 0660, group)"
      ))
  }

  private static func said(_ reply: Reply) -> String {
    reply.field("detail") ?? "that is not a weir's answer"
  }
}
