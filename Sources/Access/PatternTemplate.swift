/// A pattern as a grant has it: `{user}` in it stands for the name that was proven.
struct PatternTemplate: Hashable, Sendable, CustomStringConvertible {
  /// As it is written.
  let description: String
  /// Whether it is another one for each user.
  let isOfUser: Bool

  private static let placeholder = Array("{user}".utf8)

  /// A template.
  ///
  /// - Throws: what is wrong with it, in words.
  init(_ text: String) throws(PatternFault) {
    let sample = Self.fill(text, with: "a")
    guard !sample.utf8.contains(UInt8(ascii: "{")), !sample.utf8.contains(UInt8(ascii: "}")) else {
      throw PatternFault(
        text: "'\(text)' has a brace that belongs to no {user}, which is all that is filled in")
    }
    guard AccessPattern(sample) != nil else {
      throw PatternFault(
        text: "'\(text)' is no pattern: it is 1 to \(AccessLimits.patternByteCountMaximum) bytes "
          + "without control characters, such as orders.eu, orders.* for one part or orders.> for all "
          + "below, with '>' only at its end")
    }
    description = text
    // All other braces were refused.
    isOfUser = text.utf8.contains(UInt8(ascii: "{"))
  }

  /// The pattern for a user; nil where it needs a name that there is not, or that is not fit for it.
  func pattern(for user: UserName?) -> AccessPattern? {
    guard isOfUser else { return AccessPattern(description) }
    guard let user, user.isPart else { return nil }
    return AccessPattern(Self.fill(description, with: user.text))
  }

  private static func fill(_ text: String, with name: String) -> String {
    var filled: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let first = rest.first {
      if rest.starts(with: placeholder) {
        filled += name.utf8
        rest = rest[(rest.startIndex + placeholder.count)...]
      } else {
        filled.append(first)
        rest = rest[(rest.startIndex + 1)...]
      }
    }
    return String(decoding: filled, as: UTF8.self)
  }
}

/// What is wrong with a pattern.
struct PatternFault: Error {
  let text: String
}
