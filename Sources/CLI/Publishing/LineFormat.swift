import EventStream
import FileQueue
import Hub
import JSONText
import Kernel

/// What the lines of standard input are.
enum LineFormat {
  /// Each is the data of an event whose other fields are those of a model.
  case text(Publication)
  /// Each is an event as a JSON object; a query has the fields of those that lack them.
  case json(BatchLines)

  /// The event of a line, as a queue takes it.
  ///
  /// - Throws: `LineFault`.
  func pending(_ line: InputLine) throws(LineFault) -> PendingEvent {
    switch self {
    case .text(let model):
      do { return try line.publication(model).pending() } catch { throw LineFault("\(error)") }
    case .json(let batch):
      try line.refuseTooLong()
      do throws(BatchFault) { return try batch.event(line.bytes) } catch {
        throw LineFault("\(error)")
      }
    }
  }

  /// The event of a line as a JSON object, by whose key it can be sent twice.
  ///
  /// - Parameter key: for one that has none.
  func json(_ line: InputLine, key: String) throws -> [UInt8] {
    switch self {
    case .text(let model):
      var publication = try line.publication(model)
      publication.key = key
      return try publication.json()
    case .json:
      try line.refuseTooLong()
      return Self.adding(key, to: line.bytes)
    }
  }

  /// An object with a key, if it has none; what is no object is for the site to refuse.
  private static func adding(_ key: String, to object: [UInt8]) -> [UInt8] {
    guard let members = try? JSONText.members(of: object),
      !members.contains(where: { $0.name.elementsEqual("key".utf8) }),
      let brace = object.firstIndex(of: UInt8(ascii: "{"))
    else { return object }
    let field = Array("\"key\":\"\(key)\"\(members.isEmpty ? "" : ",")".utf8)
    return object[...brace] + field + object[(brace + 1)...]
  }
}
