import ArgumentParser

/// How events are written and read as text.
enum EventFormat: String, ExpressibleByArgument, CaseIterable {
  /// A JSON object a line.
  case ndjson
  /// What browsers get: text/event-stream.
  case eventStream = "event-stream"
}
