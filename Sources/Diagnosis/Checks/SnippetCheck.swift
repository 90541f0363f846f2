/// Whether weir.conf hands on what this weir reads: it is copied into a site, and grows old there.
package enum SnippetCheck: DoctorCheck {
  package static let name = "weir.conf"

  package static func judge(_ sights: Sights) -> [Verdict] {
    var findings: [Verdict] = []
    var hasTold = false
    if let reply = sights.json?.reply, reply.status == 200 {
      hasTold = reply.mediaType == "application/json"
      if reply.isEventStream {
        findings.append(
          missing(
            "a poll that asks for JSON gets \(reply.mediaType)",
            "fastcgi_param HTTP_ACCEPT $weir_accept if_not_empty;", "in location ^~ /sse/",
            "programs that ask for JSON get an event stream"))
      }
    }
    let published = sights.keyed.compactMap(\.reply).filter { $0.status == 200 }
    if published.count == 2 {
      hasTold = true
      if published[0].field("id") != published[1].field("id") {
        findings.append(
          missing(
            "an event that was published twice with one Idempotency-Key was queued twice",
            "fastcgi_param HTTP_IDEMPOTENCY_KEY $http_idempotency_key if_not_empty;",
            "in location ^~ /publish/ and @weir_publish_again",
            "a script that tries again publishes twice"))
      }
    }
    if !findings.isEmpty { return findings }
    return hasTold ? [.fine("hands on what this weir reads")] : [.unknown("nothing was answered")]
  }

  private static func missing(
    _ seen: String, _ line: String, _ place: String, _ why: String
  ) -> Verdict {
    .finding(
      Finding(
        seen, file: "weir.conf, \(place)", line: line,
        why:
          "\(why): the file is older than weir, or a proxy in front drops the header. Copy the one that came with this weir"
      ))
  }
}
