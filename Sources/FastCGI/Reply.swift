/// A request that has been handed to who answers it.
struct Reply {
  /// What comes of the request's body.
  enum Input {
    /// Nothing: it is whole.
    case ended
    /// What comes goes to the sink.
    case handed(BodyRecords)
    /// The sink is full: nothing is read.
    case paused(BodyRecords)
    /// The answer has begun: what still comes goes by.
    case passed(BodyRecords)
  }

  let requestID: UInt16
  let keepsConnection: Bool
  var input = Input.ended
  /// Who takes the body in pieces, until the answer is sent.
  var sink: (any BodySink)?

  /// The records of a body that is still to come.
  var records: BodyRecords? {
    switch input {
    case .ended: nil
    case .handed(let records), .paused(let records), .passed(let records): records
    }
  }

  /// Whether the body comes as fast as the web server sends it, so that its silence can be too long.
  var waitsForBody: Bool {
    if case .handed = input { true } else { false }
  }

  /// Whether nothing is read from the connection.
  var isPaused: Bool {
    if case .paused = input { true } else { false }
  }
}
