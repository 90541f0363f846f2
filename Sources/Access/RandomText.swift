/// Texts that nobody can guess, for tokens and tickets.
public enum RandomText {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// So many random bytes of the system, a multiple of three, as base64url (RFC 4648, section 5).
  public static func make(byteCount: Int) -> String {
    var random = SystemRandomNumberGenerator()
    let text = (0..<(byteCount / 3 * 4)).map { _ in
      digits[Int(UInt8.random(in: 0..<64, using: &random))]
    }
    return String(decoding: text, as: UTF8.self)
  }
}
