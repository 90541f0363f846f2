/// The answer to a request for a ticket.
struct TicketReply: Encodable, Sendable {
  /// Shown as `?ticket=`, once.
  let ticket: String
  /// When it is too old, in milliseconds since 1970.
  let expires: Int64
}
