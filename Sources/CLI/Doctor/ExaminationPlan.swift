/// What is to be examined, and how.
struct ExaminationPlan {
  let site: SiteAddress
  /// Nil where none is sent.
  let token: String?
  /// Of the probe.
  let topic: String
  /// By which an event is published twice.
  let key: String
  let isReadOnly: Bool
  let isIntrusive: Bool
  let isOutside: Bool
  /// A page's origin that is to be let in.
  let origin: String?
  /// How long a quiet stream is held at most.
  let holdSeconds: Double
  /// Whether it is held on when a heartbeat has come.
  let holdsOn: Bool

  /// What is said before anything is sent.
  var announcement: String {
    let publishes =
      isReadOnly
      ? "publishes nothing"
      : "publishes up to 4 small events to the topic '\(topic.printable)', which are gone after a minute"
    let more = isIntrusive ? ", one of them so large that nginx fails" : ""
    return """
      weir doctor looks at \(site.address("")): it \(publishes), holds up to 14 streams, and sends some 20 \
      requests\(more).

      """
  }
}
