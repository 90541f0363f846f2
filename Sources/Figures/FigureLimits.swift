/// The bounds of what is counted, in one place.
enum FigureLimits {
  /// Workers of a queue that keep their counters where others see them.
  static let workerCountMaximum = 64
  /// Stream loops of a worker.
  static let streamLoopCountMaximum = 64
  /// What a worker counts is written to its page so often.
  static let pageInterval: Duration = .milliseconds(250)
}
