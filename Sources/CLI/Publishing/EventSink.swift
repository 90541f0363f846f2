/// Where events go: a queue, or a weir that is reached over HTTP.
protocol EventSink: AnyObject {
  /// Publishes one event; returns its id once it is as safe as the queue is.
  func publish(_ publication: Publication) throws -> String

  /// Publishes the events of lines; what is refused stops nothing.
  func publish(_ lines: [InputLine], as format: LineFormat) throws -> PublishTally
}
