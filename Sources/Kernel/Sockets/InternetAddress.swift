import Glibc

/// Whose address it is, as far as an address tells: an IPv4 address, or the 64 bits of an IPv6 address
/// that a network is given, because one machine has all the rest of them.
public enum InternetAddress: Hashable, Sendable {
  /// The four bytes, the first one highest; also those that IPv6 carries (RFC 4291, section 2.5.5.2).
  case version4(UInt32)
  /// The first eight bytes (RFC 4291, section 2.5.4).
  case version6Network(UInt64)

  /// Reads an address as web servers write it (inet_pton(3)); nil for any other text.
  public init?(_ text: String) {
    var version4 = in_addr()
    if unsafe inet_pton(AF_INET, text, &version4) == 1 {
      self = .version4(UInt32(bigEndian: version4.s_addr))
      return
    }
    var bytes = (UInt64(0), UInt64(0))
    guard unsafe inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
    let high = UInt64(bigEndian: bytes.0)
    let low = UInt64(bigEndian: bytes.1)
    self =
      high == 0 && low >> 32 == 0xFFFF
      ? .version4(UInt32(truncatingIfNeeded: low)) : .version6Network(high)
  }
}
