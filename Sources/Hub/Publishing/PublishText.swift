/// A body that is the data of an event.
enum PublishText {
  private static let otherForms: [(beginning: [UInt8], name: String)] = [
    ([0xFF, 0xFE], "UTF-16"), ([0xFE, 0xFF], "UTF-16"), ([0x1F, 0x8B], "gzip"),
    ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
  ]

  /// The text of a body.
  ///
  /// A byte order mark at its begin belongs to the encoding and is left out (Encoding Standard, "UTF-8
  /// decode"), unless it is published as it is. All other bytes stay; line ends become those of the stream.
  static func read(
    _ body: [UInt8], _ contentType: FieldValue, isRaw: Bool
  ) throws(Problem) -> String {
    if let charset = contentType.otherCharset, body.contains(where: { $0 >= 0x80 || $0 == 0 }) {
      throw Problem(
        status: 415, code: .unsupportedMediaType,
        detail: "Content-Type says charset '\(charset.excerpt())': send the body in UTF-8",
        field: "Content-Type")
    }
    let mark = "\u{FEFF}".utf8
    let bytes = !isRaw && body.starts(with: mark) ? body[mark.count...] : body[...]
    guard let text = String(validating: bytes, as: UTF8.self) else { throw notUTF8(body) }
    return text
  }

  private static func notUTF8(_ body: [UInt8]) -> Problem {
    var offset = 0
    do { _ = try UTF8Span(validating: body.span) } catch { offset = error.byteOffsets.lowerBound }
    let form = otherForms.first { body.starts(with: $0.beginning) }
    return Problem(
      status: 400, code: .invalidUTF8,
      detail: "the body is not UTF-8 at byte \(offset)"
        + (form.map { " and looks like \($0.name)" } ?? "")
        + ": send text in UTF-8, and what is no text in base64")
  }
}
