import FileQueue

/// The audiences of a stream loop, found by what an event's topic is.
struct Audiences {
  private(set) var all: [Audience.Key: Audience] = [:]
  /// Audiences that ask for a topic to the letter, by the topic's hash.
  private var byTopic: [UInt64: [Audience]] = [:]
  /// Audiences with patterns; each new topic has to be held against them.
  private var withPatterns: [Audience] = []

  /// The audience of a key, made if it is the first subscriber's.
  mutating func audience(_ key: Audience.Key) -> Audience {
    if let audience = all[key] { return audience }
    let audience = Audience(key)
    all[key] = audience
    for topic in key.filter.topics { byTopic[topic.hash64, default: []].append(audience) }
    if !key.filter.patterns.isEmpty { withPatterns.append(audience) }
    return audience
  }

  /// Forgets an audience that has no subscribers left.
  mutating func remove(_ audience: Audience) {
    all.removeValue(forKey: audience.key)
    for topic in audience.key.filter.topics {
      byTopic[topic.hash64]?.removeAll { $0 === audience }
      if byTopic[topic.hash64]?.isEmpty == true { byTopic.removeValue(forKey: topic.hash64) }
    }
    withPatterns.removeAll { $0 === audience }
  }

  /// Calls `body` for each audience that wants events of a topic.
  func forEach(wanting encodedTopic: Span<UInt8>, _ body: (Audience) -> Void) {
    if let audiences = byTopic[Topic.hash64(encodedTopic)] {
      for audience in audiences where audience.key.filter.names(encodedTopic) { body(audience) }
    }
    if withPatterns.isEmpty { return }
    guard let topic = Topic(encoded: encodedTopic) else { return }
    for audience in withPatterns
    where !audience.key.filter.topics.contains(topic) && audience.key.filter.matches(topic) {
      body(audience)
    }
  }
}
