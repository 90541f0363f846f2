package import FileQueue
import JSONText
import Kernel

/// Reads lines of JSON for `weir import`: those of a batch over HTTP, and those that `weir export` and `weir tail
/// --json` write.
package struct ImportLines {
  private let topic: Topic
  private let template: EventTemplate?

  /// - Parameter topic: that of events that name none.
  package init(topic: Topic) {
    self.topic = topic
    template = try? EventTemplate(
      type: nil, retryMilliseconds: nil, topics: [topic], expiresAt: nil)
  }

  /// The event of a line.
  package func event(_ line: [UInt8]) throws(BatchFault) -> PendingEvent {
    do throws(Problem) {
      guard let template, let range = PlainMessage.range(in: line.span) else {
        return try read(line)
      }
      do throws(QueueError) { return try template.event(line: line.span.extracting(range)) } catch {
        throw Problem(error)
      }
    } catch {
      throw BatchFault(description: error.detail)
    }
  }

  private func read(_ line: [UInt8]) throws(Problem) -> PendingEvent {
    // What others write for a field that there is not.
    let members = try PublishFields.members(of: line, in: .line)
      .filter { $0.value.kind != .null || $0.name.elementsEqual("data".utf8) }
    let time = try Self.milliseconds("time", members, line)
    let expires = try Self.milliseconds("expires", members, line)
    var fields = PublishFields()
    try fields.take(
      members.filter { !Self.isOfQueue($0, among: members, line) }, of: line, from: .line)
    if let field = [PublishField.at, .delay].first(where: fields.has) {
      throw Problem(
        status: 400, code: .invalidDelay,
        detail: "an event is imported now: leave '\(field)' out, or publish it with weir publish",
        field: field.rawValue)
    }
    if fields.topicNames.isEmpty { try fields.take(.topic, topic.text, from: .line) }
    let timeToLive = try fields.timeToLive()
    if expires != nil, timeToLive != nil {
      throw Problem(
        status: 400, code: .contradiction, detail: "the line has 'expires' and 'ttl': say one",
        field: "ttl")
    }
    return try fields.event(
      expiresAt: expires ?? timeToLive?.expiry(from: time ?? Clock.unixMilliseconds()),
      publishedAt: time
    ).event
  }

  /// Whether a member is what the queue has added to an event, or says once more what another one says.
  private static func isOfQueue(
    _ member: JSONMember, among members: [JSONMember], _ line: [UInt8]
  ) -> Bool {
    if ["id", "time", "expires"].contains(where: { member.name.elementsEqual($0.utf8) }) {
      return true
    }
    guard let text = member.value.string(in: line) else { return false }
    // An event without a type is called so.
    if member.name.elementsEqual("event".utf8) { return text.hasSameBytes(as: "message") }
    guard member.name.elementsEqual("data".utf8),
      let message = members.first(where: { $0.name.elementsEqual("message".utf8) })
    else { return false }
    return message.value.string(in: line)?.hasSameBytes(as: text) ?? false
  }

  private static func milliseconds(
    _ name: String, _ members: [JSONMember], _ line: [UInt8]
  ) throws(Problem) -> Int64? {
    guard let member = members.first(where: { $0.name.elementsEqual(name.utf8) }) else {
      return nil
    }
    guard let number = member.value.wholeNumber(in: line) else {
      throw Problem(
        status: 400, code: .wrongType,
        detail: "the field '\(name)' has to be a whole number of milliseconds since 1970",
        field: name)
    }
    return Int64(number)
  }
}
