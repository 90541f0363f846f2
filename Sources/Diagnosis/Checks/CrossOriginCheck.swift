/// Whether pages of other origins may do what they should, and no more.
package enum CrossOriginCheck: DoctorCheck {
  package static let name = "cors"

  package static func judge(_ sights: Sights) -> [Verdict] {
    var verdicts = [foreign(sights)]
    if let origin = sights.viewpoint.origin {
      verdicts.append(named(origin, sights.namedOrigin, sights.preflight))
    }
    return verdicts
  }

  private static func foreign(_ sights: Sights) -> Verdict {
    guard let reply = sights.foreignOrigin?.reply, reply.status == 200 else {
      return .unknown("a page of another origin got no stream")
    }
    if let finding = twice(reply) { return finding }
    let allowed = reply.values("access-control-allow-origin").first
    let isWithCookies = reply.values("access-control-allow-credentials").contains("true")
    guard let allowed else {
      return .fine("pages of origins that nobody has named may read nothing")
    }
    if isWithCookies {
      return .finding(
        Finding(
          "a page of any origin may read streams with the cookies of whoever opens it",
          file: "the site's nginx, and each proxy in front",
          line:
            "(take out add_header Access-Control-Allow-…)   cors-origin = [\"https://example.org\"]   (in /etc/weir/weir.toml)",
          why: "another site's page reads what its visitor may read here"))
    }
    return .fine("pages of all origins may read streams, without cookies (\(allowed))")
  }

  private static func twice(_ reply: Reply) -> Verdict? {
    let values = reply.values("access-control-allow-origin")
    guard values.count > 1 || values.first?.firstRange(of: ",") != nil else { return nil }
    return .finding(
      Finding(
        "Access-Control-Allow-Origin comes twice: \(values.joined(separator: " and "))",
        file: "the site's nginx, and each proxy in front",
        line: "(take out add_header Access-Control-Allow-Origin: weir sends it, by --cors-origin)",
        why: "browsers refuse an answer that has two"))
  }

  private static func named(_ origin: String, _ get: Attempt?, _ preflight: Attempt?) -> Verdict {
    guard let reply = get?.reply, reply.status == 200 else {
      return .unknown("a page of \(origin) got no stream")
    }
    if let finding = twice(reply) { return finding }
    let preflightAllowed = preflight?.reply?.values("access-control-allow-origin").first
    let isFor: (String?) -> Bool = { $0 == origin || $0 == "*" }
    let missing =
      !isFor(reply.values("access-control-allow-origin").first)
      ? "read streams"
      : isFor(preflightAllowed) ? nil : "publish"
    guard let missing else { return .fine("pages of \(origin) may read streams and publish") }
    if missing == "publish", reply.values("access-control-allow-origin").first == "*" {
      return .fine("pages of \(origin) may read streams, as all may, and not publish")
    }
    return .finding(
      Finding(
        "pages of \(origin) may not \(missing)",
        file: "/etc/weir/weir.toml, and weir.conf, in location ^~ /sse/ and ^~ /publish/",
        line:
          "cors-origin = [\"\(origin)\"]   (weir.toml) fastcgi_param HTTP_ORIGIN $http_origin if_not_empty;   (weir.conf)",
        why: "browsers keep the answer from the page"))
  }
}
