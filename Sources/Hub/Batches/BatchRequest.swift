import FileQueue

/// What is said of a whole batch, beside its lines: fields for the lines that do not have them, and how the
/// reply is to be written.
struct BatchRequest {
  /// What the path, the query and headers say.
  let defaults: PublishFields
  /// The events of lines that have nothing but a message; nil where they have to be made one by one.
  private(set) var template: EventTemplate?
  /// Whether the reply has a line for each event.
  let wantsLines: Bool
  private var permit: RequestPermit
  private let keyScope: String
  /// The template, whether or not it may be used, and its topics.
  private let common: (template: EventTemplate?, topics: [Topic])

  /// - Parameters:
  ///   - pathTopic: what stands behind `/publish/`, if anything does.
  ///   - pairs: the query.
  ///   - headers: names as CGI variables without `HTTP_`.
  /// - Throws: what would be wrong with every line.
  init(
    contentEncoding: String?, accept: String?, pathTopic: String?,
    pairs: [(name: String, value: String)], headers: [(name: String, value: [UInt8])],
    permit: RequestPermit = .everything
  ) throws(Problem) {
    var fields = PublishFields()
    _ = try fields.take(pathTopic: pathTopic, pairs: pairs, headers: headers)
    try PublishRequest.checkEncoding(contentEncoding)
    for field in [PublishField.key, .end] where fields.has(field) {
      throw Problem(
        status: 400, code: .invalidParameter,
        detail: "\(field) is of one event: write it into its line", field: field.rawValue)
    }
    common = (try fields.template(), try fields.topics())
    self.permit = permit
    keyScope = permit.keyScope
    defaults = fields
    wantsLines = AcceptHeader(accept).prefers("application/x-ndjson", to: "application/json")
    renew()
  }

  /// Asks again what may be published: a batch may last for longer than a token or a grant.
  mutating func renew() {
    if let renewal = permit.renewal {
      permit = RequestPermit(permit: renewal(), renewal: renewal)
    }
    // Where that is not allowed, each line is looked at, and may name another topic.
    template = permit.mayPublish(common.topics) ? common.template : nil
  }

  /// The event of a line.
  func event(line: [UInt8]) throws(Problem) -> PendingEvent {
    var fields = PublishFields(keyScope: keyScope)
    try fields.take(json: line, from: .line)
    fields.fillUp(from: defaults)
    let (event, topics) = try fields.event()
    try permit.checkPublish(topics)
    return event
  }
}
