import FileQueue

/// What a publisher asks for: one event under one topic or several, checked.
struct PublishRequest {
  let event: PendingEvent
  let topics: [Topic]
  /// The event, where it is published later.
  let delayed: DelayedEvent?

  /// Reads a `PUT` or `POST /publish`.
  ///
  /// - Parameters:
  ///   - pathTopic: what stands behind `/publish/`, if anything does.
  ///   - pairs: the query.
  ///   - headers: names as CGI variables without `HTTP_`.
  ///   - keyScope: whose keys the publisher's are.
  init(
    contentType: String?, contentEncoding: String? = nil, pathTopic: String?,
    pairs: [(name: String, value: String)] = [],
    headers: [(name: String, value: [UInt8])] = [], body: [UInt8], keyScope: String = ""
  ) throws(Problem) {
    var fields = PublishFields(keyScope: keyScope)
    let isRaw = try fields.take(pathTopic: pathTopic, pairs: pairs, headers: headers)
    try Self.checkEncoding(contentEncoding)
    let type = FieldValue(contentType ?? "")
    var isData = true
    if !isRaw {
      if type.isJSON {
        try fields.take(json: body, from: .body)
        isData = false
      } else if type.isForm {
        isData = try !fields.take(form: body)
      } else {
        try Self.checkIsData(type, body, fields)
      }
    }
    if isData { fields.take(data: try PublishText.read(body, type, isRaw: isRaw)) }
    try self.init(fields)
  }

  /// Reads a `GET /publish`, whose fields all stand in the query.
  init(
    query pairs: [(name: String, value: String)], pathTopic: String?,
    headers: [(name: String, value: [UInt8])] = [], keyScope: String = ""
  ) throws(Problem) {
    var fields = PublishFields(keyScope: keyScope)
    _ = try fields.take(pathTopic: pathTopic, pairs: pairs, headers: headers, hasBody: false)
    try self.init(fields)
  }

  private init(_ fields: PublishFields) throws(Problem) {
    if let later = try fields.delayedEvent() {
      (event, topics, delayed) = (later.event.event, later.topics, later.event)
    } else {
      (event, topics) = try fields.event()
      delayed = nil
    }
  }

  /// Refuses a body that is encoded.
  static func checkEncoding(_ encoding: String?) throws(Problem) {
    guard let encoding, !encoding.isEmpty, !FieldValue(encoding).isIdentity else { return }
    throw Problem(
      status: 415, code: .unsupportedMediaType,
      detail:
        "Content-Encoding is '\(encoding.excerpt())': send the body as it is, without encoding",
      field: "Content-Encoding")
  }

  /// Refuses what is no text of its own.
  private static func checkIsData(
    _ type: FieldValue, _ body: [UInt8], _ fields: PublishFields
  ) throws(Problem) {
    if type.isMultipart {
      throw Problem(
        status: 415, code: .unsupportedMediaType,
        detail:
          "Content-Type is '\(type.text.excerpt())', as of curl -F: send the text alone (curl "
          + "--data-binary), or message=… as a plain form (curl -d)", field: "Content-Type")
    }
    // Whoever forgot the body is told; an event may do with its name, or with being the last one.
    if body.isEmpty, type.text.isEmpty, !fields.has(.event), !fields.has(.end) {
      throw Problem(
        status: 400, code: .missingMessage,
        detail:
          "the request has no body: send the text, or {\"message\": \"…\"} with Content-Type: "
          + "application/json", field: "message")
    }
  }
}
