/// Judges one thing of a deployment by what was seen of it.
///
/// A judgement is a function of ``Sights`` alone: it sends nothing and reads no clock.
package protocol DoctorCheck: SendableMetatype {
  /// A word for it, as it is printed.
  static var name: String { get }

  /// At least one verdict.
  static func judge(_ sights: Sights) -> [Verdict]
}

/// A verdict and the check that has come to it.
package struct Judgement: Equatable, Sendable {
  package let check: String
  package let verdict: Verdict

  /// Whether something is wrong.
  package var isFinding: Bool { if case .finding = verdict { true } else { false } }

  /// All checks, in the order in which they are told: first what explains others.
  package static let checks: [any DoctorCheck.Type] = [
    AnswerCheck.self, TypeCheck.self, DeliveryCheck.self, CompressionCheck.self, SilenceCheck.self,
    ResumeCheck.self, CureCheck.self, CachingCheck.self, PathCheck.self, SnippetCheck.self,
    HeaderCheck.self, ConnectionCheck.self, StreamsCheck.self, MachineCheck.self, ClockCheck.self,
    CrossOriginCheck.self, PublishingCheck.self, StatusCheck.self,
  ]

  /// What all checks say.
  package static func judge(_ sights: Sights) -> [Judgement] {
    checks.flatMap { check in
      check.judge(sights).map { Judgement(check: check.name, verdict: $0) }
    }
  }
}
