/// Whether the id of the last event that a client has seen gets to weir.
package enum ResumeCheck: DoctorCheck {
  package static let name = "resume"

  package static func judge(_ sights: Sights) -> [Verdict] {
    guard let byHeader = sights.resumeByHeader?.reply, byHeader.isEventStream else {
      return [.unknown("a poll behind an id got no stream")]
    }
    if isKnown(byHeader) { return [.fine("Last-Event-ID gets to weir")] }
    guard let byQuery = sights.resumeByQuery?.reply, isKnown(byQuery) else {
      return [.unknown("weir says nothing of an id that there is not, in the header or the query")]
    }
    return [
      .finding(
        Finding(
          "the header Last-Event-ID does not get to weir (?last_event_id= does)",
          file: "weir.conf, in location ^~ /sse/, and each proxy in front of weir's nginx",
          line:
            "fastcgi_param HTTP_LAST_EVENT_ID $http_last_event_id if_not_empty;   (weir.conf) no proxy_set_header Last-Event-ID \"\"   (nginx in front)",
          why: "a browser that comes back misses what was published meanwhile, and nobody notices"))
    ]
  }

  /// Whether weir tells that it knows nothing of the id.
  private static func isKnown(_ reply: Reply) -> Bool {
    reply.body.firstRange(of: "\"requested\":\"\(ProbeTexts.unknownID)\"") != nil
  }
}
