import Figures
import FileQueue
import FoundationEssentials
import JSONText

/// What a member of a group is done with: the body of `POST /groups/NAME/ack`.
struct AcknowledgeRequest {
  /// The ids as they were sent.
  let texts: [String]
  /// The same, read; nil for one that is no event's.
  var ids: [EventID?] { texts.map { EventID($0) } }

  private struct Content: Decodable {
    let ids: [String]
  }

  private static let example = "send {\"ids\": [\"6f2a91c4-42\"]}"

  init(contentType: String?, body: [UInt8]) throws(Problem) {
    let type = FieldValue(contentType ?? "")
    guard type.isJSON else {
      throw Problem(
        status: 415, code: .unsupportedMediaType,
        detail: "Content-Type is '\(type.text.excerpt())': \(Self.example) with Content-Type: "
          + "application/json", field: "Content-Type")
    }
    do { try JSONText.check(body) } catch { throw Problem(error, in: "the body") }
    let content: Content
    do {
      content = try JSONDecoder().decode(Content.self, from: Data(body))
    } catch {
      throw Self.problem("the body is no object with a list of texts 'ids'")
    }
    guard (1...GroupLimits.acknowledgedIDCountMaximum).contains(content.ids.count) else {
      throw Self.problem(
        "ids has \(content.ids.count) entries; it has 1 to \(GroupLimits.acknowledgedIDCountMaximum)"
      )
    }
    texts = content.ids
  }

  private static func problem(_ what: String) -> Problem {
    Problem(status: 400, code: .invalidIDs, detail: "\(what): \(example)", field: "ids")
  }

  /// The answer.
  struct Reply: Encodable {
    /// Ids of events that were outstanding, and need not be given again.
    let acknowledged: [String]
    /// Ids of events that were not: they were acknowledged before, or never given.
    let unknown: [String]

    /// - Parameter known: which of the ids were outstanding.
    init(_ texts: [String], known: [Bool]) {
      acknowledged = zip(texts, known).filter(\.1).map(\.0)
      unknown = zip(texts, known).filter { !$0.1 }.map(\.0)
    }
  }
}
