import ArgumentParser

/// How a hub takes and gives events.
enum Dialect: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// JSON is published, and ids say where in the queue an event is.
  case weir
  /// The body is the event's data. Ids mean nothing here: that all streams show the same order is
  /// checked by what they show.
  case plain
  /// As plain, and an event is published to Pushpin's port for it, on the channel `load`, in the bytes that
  /// go on the wire.
  case pushpin

  /// The media type of a publish.
  var contentType: String {
    switch self {
    case .weir, .pushpin: "application/json"
    case .plain: "text/plain"
    }
  }

  /// What stands around the data in the body of a publish.
  var wrapping: (before: String, after: String) {
    switch self {
    case .weir: ("{\"message\":\"", "\"}")
    case .plain: ("", "")
    case .pushpin:
      (
        "{\"items\":[{\"channel\":\"load\",\"formats\":{\"http-stream\":{\"content\":\"data: ",
        "\\n\\n\"}}}]}"
      )
    }
  }

  /// Whether a publish was taken.
  func isTaken(_ status: Int) -> Bool {
    switch self {
    case .weir: status == 200
    case .plain, .pushpin: (200...204).contains(status)
    }
  }
}
