import Diagnosis
import FoundationEssentials

/// What an examination has come to, as text and as JSON.
struct DoctorReport: Encodable {
  private struct Line: Encodable {
    var check: String
    /// `ok`, `finding` or `unknown`.
    var verdict: String
    var text: String
    var file: String?
    var line: String?
    var why: String?
  }

  private let site: String
  /// The addresses of the connection.
  private let from: String
  private let to: String
  private let findings: Int
  private let unknown: Int
  private let checks: [Line]

  init(_ judgements: [Judgement], of viewpoint: Sights.Viewpoint) {
    site = viewpoint.site
    from = viewpoint.localAddress
    to = viewpoint.remoteAddress
    // What a site says is told on a terminal.
    checks = judgements.map { judgement in
      switch judgement.verdict {
      case .fine(let text):
        Line(check: judgement.check, verdict: "ok", text: text.printable)
      case .unknown(let text):
        Line(check: judgement.check, verdict: "unknown", text: text.printable)
      case .finding(let finding):
        Line(
          check: judgement.check, verdict: "finding", text: finding.what.printable,
          file: finding.file.printable, line: finding.line.printable, why: finding.why.printable)
      }
    }
    findings = checks.count { $0.verdict == "finding" }
    unknown = checks.count { $0.verdict == "unknown" }
  }

  /// A line a check, and below a finding what to do.
  var text: String {
    var text = "from \(from.isEmpty ? "here" : from) to \(to.isEmpty ? site : to)\n"
    for line in checks {
      let word = line.verdict == "unknown" ? "could not tell" : line.verdict
      text += Self.padded(word, 15) + Self.padded(line.check, 14) + line.text + "\n"
      for (name, value) in [("where", line.file), ("write", line.line), ("why", line.why)] {
        guard let value else { continue }
        text += "    " + Self.padded(name, 7) + value + "\n"
      }
    }
    let rest = unknown == 0 ? "" : "; \(unknown) could not be told"
    return text + "\(findings == 1 ? "1 finding" : "\(findings) findings")\(rest)\n"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 1))
  }

  /// An object with `checks`, in a line.
  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
  }
}
