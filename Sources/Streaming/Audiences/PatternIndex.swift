import FileQueue
import Kernel

/// Audiences by the patterns they ask for: a tree of the patterns' parts, in which an event's topic
/// is followed part by part.
struct PatternIndex {
  private final class Node {
    /// What follows a part that is written out, by the part's hash.
    var literals: [UInt64: [(part: [UInt8], node: Node)]] = [:]
    /// What follows a `*`.
    var one: Node?
    /// Whose pattern has `>` here.
    var rest = AudienceList()
    /// Whose pattern ends before here.
    var ended = AudienceList()

    var isEmpty: Bool { literals.isEmpty && one == nil && rest.isEmpty && ended.isEmpty }
  }

  private let root = Node()

  /// Adds an audience that asks for a pattern.
  func add(_ audience: Audience, _ pattern: TopicPattern) {
    var node = root
    for part in pattern.parts {
      switch part {
      case .rest:
        node.rest.add(audience)
        return
      case .one:
        let next = node.one ?? Node()
        node.one = next
        node = next
      case .literal(let bytes):
        let hash = Topic.hash64(bytes.span)
        if let known = node.literals[hash]?.first(where: { $0.part == bytes }) {
          node = known.node
        } else {
          let next = Node()
          node.literals[hash, default: []].append((bytes, next))
          node = next
        }
      }
    }
    node.ended.add(audience)
  }

  /// Notes that one of the audiences that ask for a pattern has no subscribers any more.
  func removeOne(_ pattern: TopicPattern) {
    remove(pattern.parts[...], from: root)
  }

  private func remove(_ parts: ArraySlice<TopicPattern.Part>, from node: Node) {
    guard let part = parts.first else { return node.ended.noteGone() }
    switch part {
    case .rest:
      node.rest.noteGone()
    case .one:
      guard let next = node.one else { return }
      remove(parts.dropFirst(), from: next)
      if next.isEmpty { node.one = nil }
    case .literal(let bytes):
      let hash = Topic.hash64(bytes.span)
      guard let next = node.literals[hash]?.first(where: { $0.part == bytes })?.node else { return }
      remove(parts.dropFirst(), from: next)
      guard next.isEmpty else { return }
      node.literals[hash]?.removeAll { $0.node === next }
      if node.literals[hash]?.isEmpty == true { node.literals.removeValue(forKey: hash) }
    }
  }

  /// Calls `body` once for each audience with a pattern that takes a topic, for the event
  /// `sequence`.
  func visit(_ encodedTopic: Span<UInt8>, _ sequence: UInt64, _ body: (Audience) -> Void) {
    if root.isEmpty { return }
    visit(root, encodedTopic, from: 0, sequence, body)
  }

  private func visit(
    _ node: Node, _ topic: Span<UInt8>, from start: Int, _ sequence: UInt64,
    _ body: (Audience) -> Void
  ) {
    node.rest.visit(sequence, body)
    var end = start
    while end < topic.count, topic[end] != UInt8(ascii: ".") { end += 1 }
    func goOn(_ next: Node) {
      if end == topic.count {
        next.ended.visit(sequence, body)
      } else {
        visit(next, topic, from: end + 1, sequence, body)
      }
    }
    if let next = node.one { goOn(next) }
    if node.literals.isEmpty { return }
    let part = topic.extracting(start..<end)
    for (bytes, next) in node.literals[Topic.hash64(part)] ?? []
    where bytes.span.hasSameBytes(as: part) {
      goOn(next)
    }
  }
}
