/// Where in a request a field stands, as an answer names it.
enum PublishPlace: String, CaseIterable {
  case path = "the path"
  case query = "the query"
  case header = "a header"
  case body = "the body"
  /// One of a batch.
  case line = "the line"
}
