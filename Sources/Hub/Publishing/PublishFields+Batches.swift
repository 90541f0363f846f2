import FileQueue

extension PublishFields {
  /// Takes over the fields that are said of a whole batch and not in this line.
  mutating func fillUp(from defaults: PublishFields) {
    let own = Set(written.map(\.field))
    written += defaults.written.filter { !own.contains($0.field) }
    if topicNames.isEmpty { topicNames = defaults.topicNames }
  }

  /// What events with these fields have in common; nil where it changes with time.
  ///
  /// - Throws: what is wrong with the fields.
  func template() throws(Problem) -> EventTemplate? {
    var any = self
    any.take(data: "")
    _ = try any.event()
    guard !has(.ttl) else { return nil }
    let (type, retry, topics) = (try type(), try retry(), try topics())
    do throws(QueueError) {
      return try EventTemplate(
        type: type, retryMilliseconds: retry, topics: topics, expiresAt: nil)
    } catch {
      throw Problem(error)
    }
  }
}
