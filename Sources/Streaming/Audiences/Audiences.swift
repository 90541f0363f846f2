import FileQueue
import Kernel

/// The audiences of a stream loop, found by what an event's topic is: neither the number of topics
/// nor that of patterns matters to an event, only how many audiences want it.
struct Audiences {
  /// Audiences that ask for a topic to the letter.
  fileprivate struct TopicEntry {
    let encodedTopic: [UInt8]
    var audiences = AudienceList()
  }

  private(set) var all: [Audience.Key: Audience] = [:]
  /// By the topic's hash; more than one entry only where hashes are the same.
  private var byTopic: [UInt64: [TopicEntry]] = [:]
  private var byPattern = PatternIndex()

  /// The audience of a key, made if it is the first subscriber's.
  mutating func audience(_ key: Audience.Key) -> Audience {
    if let audience = all[key] { return audience }
    let audience = Audience(key)
    all[key] = audience
    for topic in key.filter.topics {
      byTopic[topic.hash64, default: []].withEntry(of: topic.encoded) { $0.add(audience) }
    }
    for pattern in key.filter.patterns { byPattern.add(audience, pattern) }
    return audience
  }

  /// Forgets an audience that has no subscribers left.
  mutating func remove(_ audience: Audience) {
    all.removeValue(forKey: audience.key)
    for topic in audience.key.filter.topics {
      byTopic[topic.hash64]?.withEntry(of: topic.encoded) { $0.noteGone() }
      if byTopic[topic.hash64]?.isEmpty == true { byTopic.removeValue(forKey: topic.hash64) }
    }
    for pattern in audience.key.filter.patterns { byPattern.removeOne(pattern) }
  }

  /// Calls `body` once for each audience that wants an event, by whichever of its topics.
  @inline(__always)
  func forEach(
    wanting record: RecordLayout, _ bytes: Span<UInt8>, _ body: (Audience) -> Void
  ) {
    record.forEachTopic(in: bytes) { forEach(wanting: $0, record.sequence, body) }
  }

  /// Calls `body` once for each audience that wants the event `sequence` of a topic, and was not called
  /// for it by another topic of the event.
  func forEach(
    wanting encodedTopic: Span<UInt8>, _ sequence: UInt64, _ body: (Audience) -> Void
  ) {
    if let entries = byTopic[Topic.hash64(encodedTopic)] {
      for entry in entries where entry.encodedTopic.span.hasSameBytes(as: encodedTopic) {
        entry.audiences.visit(sequence, body)
      }
    }
    byPattern.visit(encodedTopic, sequence, body)
  }
}

extension [Audiences.TopicEntry] {
  /// Lends the list of a topic, which is made where there is none and removed where it becomes
  /// empty.
  fileprivate mutating func withEntry(
    of encodedTopic: [UInt8], _ body: (inout AudienceList) -> Void
  ) {
    let place = firstIndex { $0.encodedTopic == encodedTopic } ?? count
    if place == count { append(Audiences.TopicEntry(encodedTopic: encodedTopic)) }
    body(&self[place].audiences)
    if self[place].audiences.isEmpty { remove(at: place) }
  }
}
