/// What is sent, and looked for in what comes back.
package enum ProbeTexts {
  /// An id that no queue gives: each begins with an epoch, and none is 0.
  package static let unknownID = "00000000-1"
  /// A topic as it stands in an address: slashes that nginx would merge, and a percent sign that it would decode.
  ///
  /// weir refuses it, because of its `>`, and names it as it has read it.
  package static let encodedTopic = "weir-doctor.%3E.a%2F%2Fb%252Fc"
  package static let decodedTopic = "weir-doctor.>.a//b%2Fc"
  /// What an event says: letters of one, two, three and four bytes.
  package static let message = "weir doctor \u{e4} \u{20ac} \u{1f600}"
  /// An origin that there cannot be (RFC 6761).
  package static let foreignOrigin = "https://weir-doctor.invalid"
  /// Names of events that nobody publishes.
  package static let unusedEvent = "weir-doctor-none"
}
