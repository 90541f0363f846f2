import Figures
import JSONText

extension Problem {
  /// What a publisher is told of a body that is no JSON.
  init(_ fault: JSONFault) {
    switch fault.kind {
    case .duplicateName(let name):
      self.init(
        status: 400, code: .duplicateField, detail: "the field \(fault)", field: name)
    case .compressed:
      self.init(
        status: 415, code: .unsupportedMediaType, detail: "the body cannot be read: \(fault)",
        field: "Content-Encoding")
    case .invalidUTF8, .otherUnicode:
      self.init(status: 400, code: .invalidUTF8, detail: "the body is not JSON: \(fault)")
    case .empty:
      self.init(
        status: 400, code: .malformedJSON,
        detail: "the body is not JSON, \(fault): send {\"message\": \"…\"}")
    default:
      self.init(status: 400, code: .malformedJSON, detail: "the body is not JSON: \(fault)")
    }
  }
}
