import Figures
import FileQueue

extension EventTarget {
  /// Events that are read at once.
  private static let delayedPageEventCount = 1000

  /// Calls `body` with the events that wait for their time, in parts, in the order in which they are due.
  func forEachDelayedPage(_ body: (DelayedReport) throws -> Void) throws {
    if let hub = try hub() {
      var query = [(name: "limit", value: "\(Self.delayedPageEventCount)")]
      while true {
        let answer = try hub.ask("/publish/delayed", query: query)
        let report = try RemoteHub.decode(DelayedReport.self, answer)
        try body(report)
        guard let next = report.next else { return }
        query = [query[0], (name: "after", value: next)]
      }
    }
    var listing = try DelayedListing(readingAt: path)
    var last: DelayedTurn?
    repeat {
      let page = try listing.page(behind: last, countMaximum: Self.delayedPageEventCount)
      try body(DelayedReport(page))
      last = page.next
    } while last != nil
  }
}
