extension String {
  /// The text, or so much of it from its begin as has at most `byteCountMaximum` bytes of UTF-8 and
  /// ends with a whole scalar.
  ///
  /// A prefix of characters has no limit: any number of combining marks makes up one character.
  func excerpt(byteCountMaximum: Int = HubLimits.excerptByteCountMaximum) -> String {
    guard utf8.count > byteCountMaximum else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: byteCountMaximum)
    while UTF8.isContinuation(utf8[end]) { end = utf8.index(before: end) }
    return String(self[..<end])
  }
}
