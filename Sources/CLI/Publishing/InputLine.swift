/// A line of standard input.
struct InputLine {
  /// Where it stands; the first is 1.
  let number: Int
  /// Without its end; nothing of one that is too long.
  let bytes: [UInt8]
  /// Whether it is longer than the limit.
  var isTooLong = false

  /// Whether there is nothing to see in it.
  var isBlank: Bool {
    !isTooLong && bytes.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
  }

  func refuseTooLong() throws(LineFault) {
    if isTooLong { throw LineFault("it is longer than any event: send it in parts") }
  }

  /// The event whose data it is, with the other fields of a model.
  func publication(_ model: Publication) throws(LineFault) -> Publication {
    try refuseTooLong()
    guard let message = String(validating: bytes, as: UTF8.self) else {
      throw LineFault("it is not UTF-8: publish text")
    }
    var publication = model
    publication.message = message
    return publication
  }
}
