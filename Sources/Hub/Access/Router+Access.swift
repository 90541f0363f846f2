import Access
import FastCGI
import Figures
import FileQueue
import Kernel
import Streaming

/// Who a request is from, and what it may.
extension Router {
  /// Reads who a request is from.
  ///
  /// - Parameter changes: whether it changes something: one that does and shows a cookie, which browsers send with
  ///   the requests of all pages, has to come from a page of this site, or of an origin that is named.
  /// - Throws: 401 for a token that is not taken; 503 where there are no rules, and the web server lets everybody come
  ///   because there are.
  func permit(_ request: borrowing Request, changes: Bool) throws(Problem) -> RequestPermit {
    guard let accessGuard else {
      guard request.parameter("WEIR_PUBLISHERS") != "allowed" else {
        throw Problem(
          status: 503, code: .authUnavailable,
          detail: "whom access rules allow may publish here, and there are none. For whoever runs "
            + "weir: start it with --access FILE")
      }
      return .everything
    }
    var credentials = PresentedCredentials()
    var cookieFault: TokenFault?
    credentials.nginx = Self.word(of: request)
    let now = Clock.unixMilliseconds()
    if let token = try Self.bearerToken(request.parameter("HTTP_AUTHORIZATION")) {
      credentials.token = token
    } else if let cookie = request.parameter("WEIR_COOKIE"), !cookie.isEmpty {
      if changes { try checkOrigin(request) }
      credentials.token = cookie
      do throws(TokenFault) {
        return RequestPermit(permit: try accessGuard.rules.permit(credentials, now: now))
      } catch {
        cookieFault = error
        credentials.token = nil
      }
    }
    do throws(TokenFault) {
      return RequestPermit(
        permit: try accessGuard.rules.permit(credentials, now: now), cookieFault: cookieFault)
    } catch {
      throw Problem(error, from: "the header Authorization")
    }
  }

  /// Reads who a stream is for: a ticket stands for the token that it was made with.
  func streamPermit(
    _ request: borrowing Request, _ pairs: [(name: String, value: String)]
  ) throws(Problem) -> RequestPermit {
    guard let accessGuard, let tickets else { return .everything }
    guard let ticket = try pairs.onlyValue(of: TicketRequest.name) else {
      return try permit(request, changes: false)
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
        field: TicketRequest.name, challenge: "Bearer")
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

  /// The token of a header `Authorization` (RFC 6750, section 2.1); nil where it is of another scheme, which is
  /// the web server's.
  private static func bearerToken(_ header: String?) throws(Problem) -> String? {
    guard let header else { return nil }
    let parts = header.utf8.split(separator: UInt8(ascii: " "))
    guard let scheme = parts.first, scheme.count == 6,
      zip(scheme, "bearer".utf8).allSatisfy({ $0 | 0x20 == $1 })
    else { return nil }
    guard parts.count == 2, let token = String(parts[1]) else {
      throw Problem(
        status: 401, code: .invalidToken,
        detail: "the header Authorization is 'Bearer' and one token, with a space between them",
        challenge: "Bearer error=\"invalid_request\"")
    }
    return token
  }

  private static func word(of request: borrowing Request) -> PresentedCredentials.NginxWord? {
    PresentedCredentials.NginxWord(
      user: request.parameter("WEIR_USER") ?? "", publish: request.parameter("WEIR_PUBLISH") ?? "",
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
}
