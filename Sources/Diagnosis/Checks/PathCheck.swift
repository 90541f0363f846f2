/// Whether a topic in the path gets to weir as it was sent.
package enum PathCheck: DoctorCheck {
  package static let name = "path"

  package static func judge(_ sights: Sights) -> [Verdict] {
    if let reply = sights.path?.reply, reply.status == 404, reply.field("code") == nil,
      sights.live.isServed
    {
      return [decoded("is answered with 404, and not by weir")]
    }
    guard let reply = sights.path?.reply, reply.field("code") == "invalid_topic",
      let start = reply.body.firstRange(of: "the topic '"),
      case let rest = reply.body[start.upperBound...], let end = rest.firstRange(of: "' has '>'")
    else { return [.unknown("weir did not say which topic it has read")] }
    let read = rest[..<end.lowerBound]
    if read == ProbeTexts.decodedTopic {
      return [.fine("a topic with %2F and %25 in the path stays as it is")]
    }
    return [decoded("gets to weir as \(read)")]
  }

  private static func decoded(_ seen: String) -> Verdict {
    .finding(
      Finding(
        "the topic \(ProbeTexts.encodedTopic) in the path \(seen)",
        file: "weir.conf (an old copy), in each location, or the proxy in front of weir's nginx",
        line:
          "fastcgi_param REQUEST_URI $request_uri;   (weir.conf) proxy_pass http://weir;   (nginx in front: no path behind the host, not even a slash) AllowEncodedSlashes NoDecode, ProxyPass … nocanon   (Apache)",
        why:
          "what stands in front decodes, merges or refuses the path: https://example.org/1 and the like become other topics. ?topic= works all the same"
      ))
  }
}
