import Figures
import Kernel

/// Who sends a publish: a program, or a browser in which somebody has opened a page.
///
/// What curl sends with `-d`, a page of any other site can have a browser send as well, to a server that only
/// this browser reaches, with its cookies (CSRF): only other types and methods are asked for first (Fetch
/// standard, CORS-preflight). So of these the headers are read by which browsers tell whose page it is.
struct PublishSender {
  let method: String
  let contentType: String?
  let origin: String?
  /// `Sec-Fetch-Site`, which browsers send over HTTPS and to this machine.
  let fetchSite: String?
  let host: String?

  /// Refuses a page of another site whose origin is not among those that may.
  func check(_ crossOrigin: CrossOrigin) throws(Problem) {
    guard
      method == "GET"
        || (method == "POST" && FieldValue(contentType ?? "").needsNoPreflight)
    else { return }
    guard host != nil else {
      throw Problem(
        status: 415, code: .unsupportedMediaType,
        detail: "only JSON is taken here: send {\"message\": \"…\"} with Content-Type: "
          + "application/json. For whoever runs weir: the web server does not pass headers on, such "
          + "as Host: take the weir.conf of this version", field: "Content-Type")
    }
    guard
      Self.isOfAnotherSite(crossOrigin, origin: origin, fetchSite: fetchSite, host: host)
    else { return }
    throw Problem(
      status: 403, code: .browserRefused,
      detail: "a page of \(origin.map { "'\($0.excerpt())'" } ?? "another site") may not publish "
        + "here. For whoever runs weir: --cors-origin lets it", field: "Origin")
  }

  /// Whether a browser sends a request for a page of another site whose origin is not named.
  static func isOfAnotherSite(
    _ crossOrigin: CrossOrigin, origin: String?, fetchSite: String?, host: String?
  ) -> Bool {
    switch fetchSite {
    case "same-origin", "none": return false
    case nil:
      guard let origin, !isOwn(origin, host: host) else { return false }
    default: break
    }
    return !crossOrigin.names(origin)
  }

  /// Whether an origin is that of the page that this server has sent, as far as it can know: it does not
  /// know whether somebody before it speaks TLS.
  static func isOwn(_ origin: String, host: String?) -> Bool {
    guard let host, !host.isEmpty else { return false }
    return ["http://", "https://"].contains { origin.hasSameBytes(as: $0 + host) }
  }
}
