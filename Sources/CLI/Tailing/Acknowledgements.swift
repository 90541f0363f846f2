import FoundationEssentials
import Kernel

/// Tells a site which events of a group need not be given again.
struct Acknowledgements {
  /// What one request may name.
  private static let idCountMaximum = 1000
  /// A site that does not answer is given up after so long.
  private static let patience: Duration = .seconds(60)

  private let hub: RemoteHub
  private let group: String

  /// What a site answers.
  struct Reply: Decodable {
    /// Ids that were of no event that waits for this.
    var unknown: [String]?
  }

  /// - Parameter hub: for nothing else.
  init(_ hub: RemoteHub, group: String) {
    self.hub = hub
    self.group = group
  }

  /// Acknowledges events; one that is acknowledged twice does no harm.
  ///
  /// - Returns: those that did not wait for it.
  @discardableResult
  func send(_ ids: [String]) throws -> [String] {
    var rest = ids[...]
    var unknown: [String] = []
    while !rest.isEmpty {
      let some = rest.prefix(Self.idCountMaximum)
      rest = rest.dropFirst(Self.idCountMaximum)
      let body = try JSONEncoder().encode(["ids": Array(some)])
      let answer = try hub.post(
        "/groups/\(SiteAddress.encode(group))/ack",
        headers: [
          (name: "Content-Type", value: "application/json"),
          (name: "Accept", value: "application/json"),
        ],
        body: Array(body), patience: Self.patience)
      unknown += try RemoteHub.decode(Reply.self, answer).unknown ?? []
    }
    return unknown
  }
}
