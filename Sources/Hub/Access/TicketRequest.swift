import FastCGI
import Figures
import Kernel

/// `POST /sse/ticket`.
enum TicketRequest {
  /// The parameter of a stream.
  static let name = "ticket"
  /// What stands behind `/sse/`.
  static let path = Array("/sse/ticket".utf8)

  /// Whether a request is for a ticket.
  static func isOne(_ request: borrowing Request) -> Bool {
    request.method == "POST" && request.path == path
  }
}

extension Router {
  /// Makes a ticket of the token that the request shows.
  func ticket(_ request: borrowing Request) throws(Problem) -> Answer {
    guard let tickets else {
      throw Problem(
        status: 404, code: .notFound,
        detail: "there are no access rules here, and so no tickets: subscribe without one")
    }
    let permit = try permit(request, .changes)
    guard let proofs = permit.permit?.proofs, !proofs.isEmpty else {
      if let fault = permit.cookieFault { throw Problem(fault, from: "the cookie 'weir'") }
      throw Problem(
        status: 401, code: .tokenRequired,
        detail: "a ticket stands for a token: send one, as the header Authorization: Bearer TOKEN",
        challenge: .missing)
    }
    let reply: TicketReply?
    do throws(SystemCallError) {
      reply = try tickets.make(for: proofs, now: Clock.unixMilliseconds())
    } catch {
      let isFull = error.errno == .noSpace || error.errno == .diskQuotaExceeded
      throw Problem(
        status: isFull ? 507 : 503, code: isFull ? .queueFull : .queueError,
        detail: "no ticket can be made: ask again later. For whoever runs weir: "
          + error.descriptionWithAdvice)
    }
    guard let reply else {
      throw Problem(
        status: 429, code: .tooManyTickets,
        detail:
          "\(HubLimits.ticketCountMaximum) tickets are waiting to be used, as many as there may "
          + "be: ask again later", retryAfterSeconds: 5)
    }
    return .now(.json(reply))
  }
}
