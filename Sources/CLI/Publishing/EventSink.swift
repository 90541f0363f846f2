/// Where events go: a queue, or a weir that is reached over HTTP.
protocol EventSink: AnyObject {
  /// Publishes one event; returns its id once it is as safe as the queue is.
  func publish(_ publication: Publication) throws -> String

  /// Publishes each line as an event with the fields of a model; what is refused stops nothing.
  func publish(_ lines: [InputLine], as model: Publication) throws -> PublishTally
}
