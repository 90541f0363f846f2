/// What a check has come to.
package enum Verdict: Equatable, Sendable {
  /// It is as it should be; in words.
  case fine(String)
  /// Something is wrong.
  case finding(Finding)
  /// It could not be told, and why; what to do so that it can.
  case unknown(String)
}

/// What is wrong with a deployment, and what to do about it.
package struct Finding: Equatable, Sendable {
  /// What was seen.
  package let what: String
  /// Where the line belongs, as whoever keeps the machine knows it.
  package let file: String
  /// What to write there.
  package let line: String
  /// What it does to those who use the site.
  package let why: String

  package init(_ what: String, file: String, line: String, why: String) {
    self.what = what
    self.file = file
    self.line = line
    self.why = why
  }
}
