import Figures
import JSONText

extension Problem {
  /// What a publisher is told of what is no JSON.
  ///
  /// - Parameter place: what it calls that, such as "the body".
  init(_ fault: JSONFault, in place: String) {
    switch fault.kind {
    case .duplicateName(let name):
      self.init(
        status: 400, code: .duplicateField, detail: "the field \(fault)", field: name)
    case .compressed:
      self.init(
        status: 415, code: .unsupportedMediaType, detail: "\(place) cannot be read: \(fault)",
        field: "Content-Encoding")
    case .invalidUTF8, .otherUnicode:
      self.init(status: 400, code: .invalidUTF8, detail: "\(place) is not JSON: \(fault)")
    case .empty:
      self.init(
        status: 400, code: .malformedJSON,
        detail: "\(place) is not JSON, \(fault): send {\"message\": \"…\"}")
    default:
      self.init(status: 400, code: .malformedJSON, detail: "\(place) is not JSON: \(fault)")
    }
  }
}
