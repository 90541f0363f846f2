/// The bounds of what is counted, in one place.
package enum FigureLimits {
  /// Workers of a queue that keep their counters where others see them.
  static let workerCountMaximum = 64
  /// Stream loops of a worker.
  static let streamLoopCountMaximum = 64
  /// Groups that have lines of their own in the metrics, the first ones by their names.
  package static let groupLabelCountMaximum = 100
  /// What a worker counts is written to its page so often.
  static let pageInterval: Duration = .milliseconds(250)
}
