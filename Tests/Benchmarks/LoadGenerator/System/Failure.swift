/// A measurement that could not be made, and what to do about it.
struct Failure: Error, CustomStringConvertible {
  let description: String
  /// The status of the HTTP response that was not the expected one; 0 where it is about none.
  let status: Int

  init(_ description: String, status: Int = 0) {
    self.description = description
    self.status = status
  }
}
