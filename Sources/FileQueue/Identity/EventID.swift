import Kernel

/// A place in a queue: which queue, and the how-manieth event in it.
///
/// Its printed form, `6f2a91c4-42`, is the `id:` of the event on the wire and what a browser sends
/// back as `Last-Event-ID`.
public struct EventID: Hashable, Sendable, CustomStringConvertible {
  /// Which queue: random, made with it.
  ///
  /// It tells a client of another or a wiped queue from one that resumes.
  public let epoch: UInt32
  /// The event's number, from 1.
  public let sequence: UInt64

  /// An id of its parts.
  public init(epoch: UInt32, sequence: UInt64) {
    self.epoch = epoch
    self.sequence = sequence
  }

  /// Reads the printed form: eight small hexadecimal digits, a hyphen, a decimal number without
  /// leading zeros.
  public init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count == HexadecimalDigits.byteCount,
      let sequence = UInt64(decimal: parts[1])
    else { return nil }
    var epoch: UInt32 = 0
    for byte in parts[0] {
      guard let digit = byte.hexadecimalValue else { return nil }
      epoch = epoch << 4 | UInt32(digit)
    }
    self.init(epoch: epoch, sequence: sequence)
    // Leading zeros are another text for the same number; only one is the id.
    guard description.hasSameBytes(as: text) else { return nil }
  }

  /// The epoch as it stands in the printed form.
  public var epochDigits: String { "\(HexadecimalDigits(epoch))" }

  /// Appends the printed form.
  public func append(to bytes: inout [UInt8]) {
    bytes.append(littleEndian: HexadecimalDigits(epoch).word)
    bytes.append(UInt8(ascii: "-"))
    bytes += "\(sequence)".utf8
  }

  /// The printed form.
  public var description: String {
    "\(HexadecimalDigits(epoch))-\(sequence)"
  }
}
