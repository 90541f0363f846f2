/// Why somebody gets no stream, or not yet.
package enum StreamRefusal: String, CaseIterable, Sendable {
  /// There are as many streams as the worker may have.
  case total
  /// There are as many streams of that address as one may have.
  case address
  /// Too many streams begin at once.
  case rate
}
