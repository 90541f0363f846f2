import Access
import Figures
import FileQueue

/// What a request may: everything where there are no rules.
struct RequestPermit: Sendable {
  /// What the rules allow; nil where there are none.
  let permit: Permit?
  /// Why a token was passed over that came by a cookie, which browsers send with everything.
  var cookieFault: TokenFault?
  /// What the rules of another moment allow to who has proven the same; nil where there are none.
  var renewal: (@Sendable () -> Permit)?

  /// Everything.
  static let everything = RequestPermit(permit: nil)

  /// Whether something may be held back.
  var isLimited: Bool { permit != nil }

  /// Whose keys the publisher's are.
  var keyScope: String { permit?.keyScope ?? "" }

  /// Refuses what may not be published.
  func checkPublish(_ topics: [Topic]) throws(Problem) {
    for topic in topics { try checkPublish(topic.text) }
  }

  /// The same for one topic.
  func checkPublish(_ topic: String) throws(Problem) {
    guard let permit, !permit.mayPublish(topic) else { return }
    throw refusal("publish under", topic)
  }

  /// Refuses to have a group removed by who may not publish all that it is of: it is as if its events were gone.
  func checkRemoval(_ filter: TopicFilter) throws(Problem) {
    guard let permit else { return }
    for text in filter.texts where !permit.mayPublish(text) {
      throw refusal("remove the group, because that is for who may publish to", text)
    }
  }

  /// Refuses what may not be read.
  func checkSubscribe(_ filter: TopicFilter) throws(Problem) {
    guard let permit else { return }
    for text in filter.texts where !permit.maySubscribe(text) {
      throw refusal("subscribe to", text)
    }
  }

  /// Whether events under all of these topics may be published, and so be looked at while they wait.
  func mayPublish(_ topics: [Topic]) -> Bool {
    permit.map { permit in topics.allSatisfy { permit.mayPublish($0.text) } } ?? true
  }

  /// Whether all these topics and patterns may be read.
  func maySubscribe(_ texts: [String]) -> Bool {
    permit.map { permit in texts.allSatisfy { permit.maySubscribe($0) } } ?? true
  }

  /// What may be seen of all topics; nil for everything.
  ///
  /// - Throws: where that is nothing.
  func visibleTopics() throws(Problem) -> TopicFilter? {
    guard let permit else { return nil }
    let texts = permit.subscribePatterns
    guard !texts.isEmpty else { throw refusal("look at topics", nil) }
    do { return try TopicFilter(texts) } catch { throw Problem(error) }
  }

  private func refusal(_ what: String, _ text: String?) -> Problem {
    let object = text.map { " '\($0.excerpt())'" } ?? ""
    guard let permit, !permit.isAnonymous else {
      if let cookieFault { return Problem(cookieFault, from: "the cookie 'weir'") }
      return Problem(
        status: 401, code: .tokenRequired,
        detail: "who is not known may not \(what)\(object): send a token, as the header "
          + "Authorization: Bearer TOKEN", field: text == nil ? nil : "topic",
        challenge: .missing)
    }
    var detail = "'\((permit.name ?? "").excerpt())' may not \(what)\(object)"
    if let unfit = permit.unfitName {
      detail +=
        "; the name '\(unfit.excerpt())' cannot stand for {user}, because of a dot, '*', '>' or a brace in it"
    }
    detail += ": ask whoever runs weir for a grant that allows it"
    return Problem(
      status: 403, code: .notAllowed, detail: detail, field: text == nil ? nil : "topic",
      challenge: .insufficientScope)
  }
}

extension Problem {
  /// What somebody is told whose token is not taken.
  init(_ fault: TokenFault, from place: String) {
    self.init(
      status: 401, code: .invalidToken, detail: "the token in \(place) is not taken: \(fault)",
      challenge: .invalidToken)
  }
}
