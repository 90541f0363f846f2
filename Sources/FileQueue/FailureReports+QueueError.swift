public import Kernel

extension FailureReports {
  /// What to log of an error of the queue; nil where its kind was told lately.
  ///
  /// Errors of the same call are of one kind, whichever file they were about.
  ///
  /// - Parameter now: monotonic nanoseconds.
  public mutating func report(_ error: QueueError, now: Int64) -> String? {
    guard case .system(let call) = error else { return report("\(error)", now: now) }
    return report(call.descriptionWithAdvice, kind: "\(call.call) \(call.errno)", now: now)
  }
}
