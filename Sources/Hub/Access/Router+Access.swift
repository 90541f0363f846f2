import Access
import FastCGI
import Figures
import FileQueue
import Kernel
import Streaming

/// What a request does beside reading.
enum RequestEffect {
  case none
  /// It takes events away from the other members of a group.
  case takesShare
  /// It changes something.
  case changes
}

/// Who a request is from, and what it may.
extension Router {
  /// Reads who a request is from.
  ///
  /// - Parameter effect: what shows a cookie, which browsers send with the requests of all pages, and does something,
  ///   has to come from a page of this site, or of an origin that is named.
  /// - Throws: 401 for a token that is not taken; 403 for a page or a user that there cannot be; 503 where there are
  ///   no rules, and the web server lets everybody come because there are.
  func permit(
    _ request: borrowing Request, _ effect: RequestEffect
  ) throws(Problem) -> RequestPermit {
    guard let accessGuard else {
      guard request.parameter("WEIR_PUBLISHERS") != "allowed" else {
        throw Problem(
          status: 503, code: .authUnavailable,
          detail: "whom access rules allow may publish here, and there are none. For whoever runs "
            + "weir: start it with --access FILE")
      }
      return .everything
    }
    let rules = accessGuard.rules
    var credentials = PresentedCredentials()
    if rules.asksWebServer { credentials.nginx = try Self.word(of: request) }
    var cookieFault: TokenFault?
    let now = Clock.unixMilliseconds()
    if let token = try Self.bearerToken(request.bytes(of: "HTTP_AUTHORIZATION")) {
      credentials.token = token
    } else {
      let cookie = request.bytes(of: "WEIR_COOKIE")
      if !cookie.isEmpty {
        if effect == .changes { try checkOrigin(request) }
        credentials.token = cookie
      }
      // Also for who is known by a cookie of the site's, or a certificate.
      if effect == .takesShare, !cookie.isEmpty || credentials.nginx != nil {
        try checkPage(request)
      }
      do throws(TokenFault) {
        return RequestPermit(permit: try rules.permit(credentials, now: now))
      } catch {
        cookieFault = error
        credentials.token = nil
      }
    }
    do throws(TokenFault) {
      return RequestPermit(
        permit: try rules.permit(credentials, now: now), cookieFault: cookieFault)
    } catch {
      throw Problem(error, from: "the header Authorization")
    }
  }

  /// Reads who a stream is for: a ticket stands for the token that it was made with.
  func streamPermit(
    _ request: borrowing Request, _ pairs: [(name: String, value: String)],
    _ effect: RequestEffect
  ) throws(Problem) -> RequestPermit {
    guard let accessGuard, let tickets else { return .everything }
    guard let ticket = try pairs.onlyValue(of: TicketRequest.name) else {
      return try permit(request, effect)
    }
    let now = Clock.unixMilliseconds()
    let proofs: [Proof]?
    do throws(SystemCallError) { proofs = try tickets.take(ticket, now: now) } catch {
      throw Problem(
        status: 503, code: .queueError,
        detail: "the ticket cannot be looked up: ask again later. For whoever runs weir: "
          + error.descriptionWithAdvice, retryAfterSeconds: 1)
    }
    guard let proofs else {
      throw Problem(
        status: 401, code: .invalidTicket,
        detail:
          "the ticket is used up, too old, or none of weir's: it is good for one stream within "
          + "\(HubLimits.ticketAge.components.seconds) s; get another one with POST /sse/ticket",
        field: TicketRequest.name, challenge: .missing)
    }
    return RequestPermit(permit: accessGuard.rules.permit(proofs, now: now))
  }

  /// A permit that can be asked for again while a batch is read.
  func lasting(_ permit: RequestPermit) -> RequestPermit {
    guard let accessGuard, let proofs = permit.permit?.proofs else { return permit }
    var lasting = permit
    lasting.renewal = { accessGuard.rules.permit(proofs, now: Clock.unixMilliseconds()) }
    return lasting
  }

  /// What keeps a stream open; nil where there are no rules.
  func streamPermit(_ permit: RequestPermit, _ filter: TopicFilter) -> StreamPermit? {
    guard let accessGuard, let proofs = permit.permit?.proofs else { return nil }
    let texts = filter.texts
    return StreamPermit(expiresAt: permit.permit?.expiresAt) {
      let now = accessGuard.rules.permit(proofs, now: Clock.unixMilliseconds())
      return texts.allSatisfy { now.maySubscribe($0) }
    }
  }

  private static let scheme = Array("bearer".utf8)

  /// The token of a header `Authorization` (RFC 6750, section 2.1); nil where it is of another scheme, which is
  /// the web server's.
  private static func bearerToken(_ header: [UInt8]) throws(Problem) -> [UInt8]? {
    if header.isEmpty { return nil }
    let parts = header.split(separator: UInt8(ascii: " "))
    guard let scheme = parts.first, scheme.map({ $0 | 0x20 }) == Self.scheme else { return nil }
    guard parts.count == 2 else {
      throw Problem(
        status: 401, code: .invalidToken,
        detail: "the header Authorization is 'Bearer' and one token, with a space between them",
        challenge: .invalidToken)
    }
    return Array(parts[1])
  }

  /// Who the web server says it is.
  private static func word(
    of request: borrowing Request
  ) throws(Problem) -> PresentedCredentials.NginxWord? {
    let bytes = request.bytes(of: "WEIR_USER")
    let user = UserName(bytes)
    // Two names that would be read as one must not be, nor a name as none.
    guard bytes.isEmpty || user != nil else {
      throw Problem(
        status: 403, code: .notAllowed,
        detail:
          "what the web server gives as the user's name (\(bytes.count) bytes) is none: it is 1 to "
          + "\(AccessLimits.nameByteCountMaximum) bytes of UTF-8 without control characters. For whoever "
          + "runs weir: give a shorter one, or an id, as $weir_user")
    }
    return PresentedCredentials.NginxWord(
      user: user, publish: request.parameter("WEIR_PUBLISH") ?? "",
      subscribe: request.parameter("WEIR_SUBSCRIBE") ?? "")
  }

  /// Refuses what no page of this site, or of an origin that may, has asked for.
  private func checkOrigin(_ request: borrowing Request) throws(Problem) {
    let origin = request.parameter("HTTP_ORIGIN")
    if crossOrigin.names(origin) { return }
    if let origin, PublishSender.isOwn(origin, host: request.parameter("HTTP_HOST")) { return }
    throw Problem(
      status: 403, code: .browserRefused,
      detail:
        "\(origin.map { "a page of '\($0.excerpt())'" } ?? "a request without Origin") may not "
        + "change anything with the cookie of another site: send the token as Authorization: Bearer. "
        + "For whoever runs weir: --cors-origin lets it", field: "Origin")
  }

  /// Refuses what a page of another site asks for with GET: browsers send no Origin with that of a page of this one.
  private func checkPage(_ request: borrowing Request) throws(Problem) {
    let origin = request.parameter("HTTP_ORIGIN")
    guard
      PublishSender.isOfAnotherSite(
        crossOrigin, origin: origin, fetchSite: request.parameter("HTTP_SEC_FETCH_SITE"),
        host: request.parameter("HTTP_HOST"))
    else { return }
    throw Problem(
      status: 403, code: .browserRefused,
      detail:
        "a page of \(origin.map { "'\($0.excerpt())'" } ?? "another site") may not be a member of a group "
        + "by a cookie: it would take events away from others. For whoever runs weir: --cors-origin lets it",
      field: "Origin")
  }
}
