import Figures
import FileQueue

/// An event of weir's own, which is in no queue; its name begins with `weir.`.
struct OwnEvent {
  let name: String
  /// A JSON object.
  let data: [UInt8]
  /// Where a stream goes on that ends behind it.
  let id: EventID

  init(_ name: String, _ data: some Encodable, id: EventID) {
    self.name = name
    // Without the newline.
    self.data = JSON.encode(data).dropLast()
    self.id = id
  }

  /// The signal that a stream has everything up to an event.
  init(_ signal: StreamSignal, upTo id: EventID) {
    self.init("weir.\(signal.rawValue)", ["id": id.description], id: id)
  }

  /// Appends the event.
  func append(to bytes: inout [UInt8]) {
    bytes += Array("event: \(name)\ndata: ".utf8)
    bytes += data
    bytes += Array("\nid: \(id)\n\n".utf8)
  }
}
