/// Whether headers and addresses as large as browsers send them come through.
package enum HeaderCheck: DoctorCheck {
  package static let name = "headers"

  package static func judge(_ sights: Sights) -> [Verdict] {
    guard sights.live.isServed, let attempt = sights.large else {
      return [.unknown("there is no stream to look at")]
    }
    switch attempt {
    case .failed(let reason):
      return [tooSmall("gets no answer (\(reason))")]
    case .reply(let reply) where reply.status == 200:
      return [.fine("6 KiB of cookies and an address of 2 KiB come through")]
    case .reply(let reply):
      return [tooSmall("is answered with \(reply.status)")]
    }
  }

  private static func tooSmall(_ seen: String) -> Verdict {
    .finding(
      Finding(
        "a request with 6 KiB of cookies and an address of 2 KiB \(seen)",
        file: "the site's server in nginx, and each proxy in front",
        line: "large_client_header_buffers 4 28k;",
        why: "browsers with many cookies, and pages that ask for many topics, get an error for good"
      ))
  }
}
