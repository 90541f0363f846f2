package import FileQueue

/// Reads lines of JSON as a batch over HTTP does, for the command line.
package struct BatchLines {
  /// The fields of lines that lack them, as a query has them.
  package let query: [(name: String, value: String)]
  private let request: BatchRequest

  /// - Throws: what would be wrong with every line.
  package init(query: [(name: String, value: String)]) throws(BatchFault) {
    self.query = query
    do throws(Problem) {
      request = try BatchRequest(
        contentEncoding: nil, accept: nil, pathTopic: nil, pairs: query, headers: [])
    } catch {
      throw BatchFault(description: error.detail)
    }
  }

  /// The event of a line.
  package func event(_ line: [UInt8]) throws(BatchFault) -> PendingEvent {
    do throws(Problem) { return try request.event(line: line) } catch {
      throw BatchFault(description: error.detail)
    }
  }
}

/// What is wrong with a line, or with the fields of all lines.
package struct BatchFault: Error, CustomStringConvertible {
  /// What, and what to do.
  package let description: String
}
