/// Whether several streams of one client may be open at once.
package enum StreamsCheck: DoctorCheck {
  package static let name = "streams"
  /// Two browsers over HTTP/1.1, with some pictures.
  package static let count = 10

  package static func judge(_ sights: Sights) -> [Verdict] {
    guard sights.live.isServed, !sights.crowd.isEmpty else {
      return [.unknown("there is no stream to look at")]
    }
    let refused = sights.crowd.filter { !$0.isServed }
    guard let one = refused.first else {
      return [.fine("\(sights.crowd.count) at once are let in")]
    }
    let seen = "\(refused.count) of \(sights.crowd.count) streams at once were not let in"
    if let comment = one.turnedAway { return [.finding(limit(comment, seen))] }
    if let reply = one.reply { return [.finding(limit("answered with \(reply.status)", seen))] }
    guard case .failed(let reason) = one.opening else { return [.unknown(seen)] }
    return [.finding(limit(reason, seen))]
  }

  /// What turned a stream away, by what was said.
  static func limit(_ comment: String, _ seen: String = "a stream was not let in") -> Finding {
    let what = "\(seen): \(comment)"
    if comment.firstRange(of: "(limit_conn)") != nil {
      return Finding(
        what, file: "weir.conf, in location ^~ /sse/, or limit_conn of the site",
        line: "limit_conn weir_streams 300;",
        why:
          "a limit_conn lets too few streams in; a limit by address counts all of an office, or behind a proxy all of the world"
      )
    }
    if comment.firstRange(of: "worker_connections") != nil {
      return Finding(
        what, file: "/etc/nginx/nginx.conf, in events", line: "worker_connections 65536;",
        why:
          "a stream takes two of nginx's connections; when they are used up it lets nobody in, to no page"
      )
    }
    if comment.firstRange(of: "(limit_req)") != nil {
      return Finding(
        what, file: "the site's limit_req", line: "limit_req zone=… burst=100 nodelay;",
        why: "after a restart all browsers come back at once")
    }
    return Finding(
      what,
      file:
        "/etc/weir/weir.toml (max-streams, max-new-streams, max-streams-per-address), nginx's error log",
      line: "max-streams = …",
      why:
        "a limit is reached: of weir's settings, of its descriptors (LimitNOFILE=), or of nginx's connections"
    )
  }
}
