import JSONText
import Kernel

extension PublishFields {
  /// Takes the fields of one event in JSON: an object, all of whose members are fields.
  ///
  /// - Parameters:
  ///   - bytes: the text; UTF-8 is checked here.
  ///   - place: what an answer calls it.
  mutating func take(json bytes: [UInt8], from place: PublishPlace) throws(Problem) {
    if let message = PlainMessage.text(of: bytes.span) { return take(data: message) }
    try take(try Self.members(of: bytes, in: place), of: bytes, from: place)
  }

  /// The members of an object.
  static func members(
    of bytes: [UInt8], in place: PublishPlace
  ) throws(Problem) -> [JSONMember] {
    let members: [JSONMember]?
    do { members = try JSONText.members(of: bytes) } catch {
      throw Problem(error, in: place.rawValue)
    }
    guard let members else {
      throw Problem(
        status: 400, code: .wrongType,
        detail: "\(place.rawValue) is no JSON object: send {\"message\": \"…\"}"
          + (place == .body ? ", or add ?raw to publish it as it is" : ""))
    }
    return members
  }

  /// Takes the fields that the members of an object are.
  mutating func take(
    _ members: [JSONMember], of bytes: [UInt8], from place: PublishPlace
  ) throws(Problem) {
    try Self.checkNames(members)
    for field in PublishField.allCases {
      guard let value = members.first(where: { $0.name.elementsEqual(field.rawValue.utf8) })?.value
      else { continue }
      if field == .topics {
        for text in try Self.topics(value, in: bytes) { try take(.topic, text, from: place) }
      } else if let text = Self.text(of: value, field, in: bytes) {
        try take(field, text, from: place)
      } else {
        throw Self.wrongType(field)
      }
    }
  }

  /// Of several names that are none the same one is told each time.
  private static func checkNames(_ members: [JSONMember]) throws(Problem) {
    let unknown = members.filter { member in
      !PublishField.allCases.contains { member.name.elementsEqual($0.rawValue.utf8) }
    }
    guard let first = unknown.min(by: { $0.name.lexicographicallyPrecedes($1.name) }) else {
      return
    }
    throw unknownField(String(decoding: first.name, as: UTF8.self))
  }

  /// The problem of a name that is no field's.
  static func unknownField(_ name: String) -> Problem {
    let advice =
      NearestName.find(name, among: PublishField.names).map { "did you mean '\($0)'?" }
      ?? "the fields are \(PublishField.names.joined(separator: ", ")); with ?raw the whole body is "
      + "published as it is"
    return Problem(
      status: 400, code: .unknownField, detail: "there is no field '\(name.excerpt())': \(advice)",
      field: name.excerpt())
  }

  private static func wrongType(_ field: PublishField) -> Problem {
    Problem(
      status: 400, code: .wrongType,
      detail: "the field '\(field)' has to be \(field.rule)", field: field.rawValue)
  }

  private static func topics(
    _ value: JSONValue, in bytes: [UInt8]
  ) throws(Problem) -> [String] {
    let elements = value.elements(in: bytes) ?? []
    let texts = elements.compactMap { $0.string(in: bytes) }
    guard value.kind == .array, texts.count == elements.count else { throw wrongType(.topics) }
    guard !texts.isEmpty else {
      throw Problem(
        status: 400, code: .invalidTopic,
        detail: "topics is empty: name one, or leave it out for the topic 'default'",
        field: "topics")
    }
    return texts
  }

  /// What a value says as text; nil where it is of a wrong type.
  private static func text(
    of value: JSONValue, _ field: PublishField, in bytes: [UInt8]
  ) -> String? {
    switch field {
    case .at: value.string(in: bytes) ?? (value.kind == .number ? value.text(in: bytes) : nil)
    case .data: value.string(in: bytes) ?? value.compactText(in: bytes)
    case .end: value.kind == .boolean ? value.text(in: bytes) : nil
    case .event, .key, .message, .topic, .topics: value.string(in: bytes)
    case .retry: value.wholeNumber(in: bytes).map { "\($0)" }
    case .delay, .ttl: value.string(in: bytes) ?? value.wholeNumber(in: bytes).map { "\($0)" }
    }
  }
}
