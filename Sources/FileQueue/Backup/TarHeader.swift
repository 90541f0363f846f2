import Kernel

/// The header of one file in a tar archive: 512 bytes, in the format ustar (POSIX.1-1988, pax(1)).
///
/// A backup has few short names and no links, so this is all of the format that is needed.
struct TarHeader: Hashable {
  static let byteCount = 512
  /// Two blocks of zeros end an archive.
  static let endByteCount = 1024

  /// What kind of entry it is.
  enum Kind: Hashable {
    case file
    /// A name that is too long for the next header, as GNU tar writes it.
    case longName
    /// Fields of the next header, one of which may be its name, as pax(1) writes them.
    case fields
    /// A file without its bytes: another name of a file, or one with holes.
    case reference
    /// A directory, or what else there may be.
    case other
  }

  var name: String
  let byteCount: Int
  let kind: Kind

  init(name: String, byteCount: Int) {
    self.name = name
    self.byteCount = byteCount
    kind = .file
  }

  /// Zeros that follow so many bytes of a file.
  static func padding(behind byteCount: Int) -> Int {
    (Self.byteCount - byteCount % Self.byteCount) % Self.byteCount
  }

  // MARK: - Writing

  /// The header as it stands in the archive; the time is that of writing.
  var bytes: [UInt8] {
    var header = [UInt8](repeating: 0, count: Self.byteCount)
    func put(_ text: String, at offset: Int) {
      for (place, byte) in text.utf8.enumerated() { header[offset + place] = byte }
    }
    func octal(_ number: Int, digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
    put(name, at: 0)
    put(octal(0o640, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(byteCount, digits: 11), at: 124)
    put(octal(Int(max(0, Clock.unixMilliseconds() / 1000)), digits: 11), at: 136)
    put("0", at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    put(octal(Self.checksum(header), digits: 6) + "\0 ", at: 148)
    return header
  }

  /// The sum of all bytes, its own field taken as spaces.
  private static func checksum(_ header: [UInt8]) -> Int {
    header.indices.reduce(0) {
      $0 + ((148..<156).contains($1) ? Int(UInt8(ascii: " ")) : Int(header[$1]))
    }
  }

  // MARK: - Reading

  /// Reads a header of 512 bytes; nil where it is none.
  init?(_ header: [UInt8]) {
    func text(_ range: Range<Int>) -> String? {
      String(validating: header[range].prefix { $0 != 0 }, as: UTF8.self)
    }
    func octal(_ range: Range<Int>) -> Int? {
      let digits = header[range].filter { $0 != 0 && $0 != UInt8(ascii: " ") }
      return Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }
    /// GNU tar writes numbers of more than 11 octal digits as bytes.
    func number(_ range: Range<Int>) -> Int? {
      guard header[range.lowerBound] == 0x80 else { return octal(range) }
      let bytes = header[range].dropFirst()
      guard bytes.dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
      return bytes.reduce(0) { $0 << 8 | Int($1) }
    }
    guard header.count == Self.byteCount, let name = text(0..<100),
      let byteCount = number(124..<136), byteCount >= 0, byteCount < 1 << 56,
      octal(148..<156) == Self.checksum(header)
    else { return nil }
    // Where GNU tar is old, other things stand there.
    let isUstar = header[257..<263].elementsEqual("ustar\0".utf8)
    let prefix = isUstar ? text(345..<500) ?? "" : ""
    self.name = prefix.isEmpty ? name : "\(prefix)/\(name)"
    self.byteCount = byteCount
    kind =
      switch header[156] {
      case 0, UInt8(ascii: "0"): .file
      case UInt8(ascii: "L"): .longName
      case UInt8(ascii: "x"): .fields
      case UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "S"): .reference
      default: .other
      }
  }
}
