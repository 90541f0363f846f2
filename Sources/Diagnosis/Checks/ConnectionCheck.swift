/// Whether a browser can have more than six streams, and connections are used again.
package enum ConnectionCheck: DoctorCheck {
  package static let name = "connections"

  package static func judge(_ sights: Sights) -> [Verdict] {
    guard let reply = sights.live.reply else { return [.unknown("there was no answer")] }
    if reply.version.hasPrefix("1"), let poll = sights.json?.reply, poll.status == 200,
      poll.values("connection").contains(where: { $0.lowercased() == "close" })
    {
      return [
        .finding(
          Finding(
            "the connection is closed after each answer",
            file: "the site's server in nginx, or the proxy in front",
            line: "keepalive_timeout 75s;",
            why: "each publish pays for a connection, and with https for a handshake"))
      ]
    }
    let why =
      "over HTTP/1.1 a browser opens six connections to a host, over all its tabs: the seventh stream, and every picture after it, waits for ever"
    if !reply.version.hasPrefix("1") { return [.fine("HTTP/\(reply.version)")] }
    if sights.viewpoint.isTLS {
      return [
        .finding(
          Finding(
            "the site speaks HTTP/\(reply.version) only", file: "the site's server in nginx",
            line: "listen 443 ssl http2;   (from nginx 1.25.1 on: http2 on;)", why: why))
      ]
    }
    guard !sights.viewpoint.isLoopback else {
      return [
        .unknown(
          "plain HTTP/\(reply.version) on this machine: name the address that browsers use, with https, to see whether they get HTTP/2"
        )
      ]
    }
    return [
      .finding(
        Finding(
          "the site is reached without https, and so over HTTP/\(reply.version)",
          file: "the site's server in nginx", line: "listen 443 ssl http2;", why: why))
    ]
  }
}
