import FileQueue
import Kernel

/// Keeps a failure that repeats itself from flooding the log: each kind is told once, and again
/// after a while with how often it came.
struct FailureReports {
  private struct Kind {
    var untoldCount = 0
    var toldAt: Int64
  }

  private var kinds: [String: Kind] = [:]

  /// What to log of an error at `now`; nil where its kind was told lately.
  mutating func report(_ error: QueueError, now: Int64) -> String? {
    let (kind, description) = Self.describe(error)
    if kinds.count >= StreamLimits.failureKindCountMaximum, kinds[kind] == nil { kinds = [:] }
    guard var known = kinds[kind] else {
      kinds[kind] = Kind(toldAt: now)
      return description
    }
    defer { kinds[kind] = known }
    known.untoldCount += 1
    guard now - known.toldAt >= StreamLimits.failureReportInterval.wholeNanoseconds else {
      return nil
    }
    defer { known = Kind(toldAt: now) }
    return "\(description) (\(known.untoldCount) times)"
  }

  /// Errors of the same call are of one kind, whichever file they were about.
  private static func describe(_ error: QueueError) -> (kind: String, description: String) {
    guard case .system(let call) = error else { return ("\(error)", "\(error)") }
    return ("\(call.call) \(call.errno)", call.descriptionWithAdvice)
  }
}
