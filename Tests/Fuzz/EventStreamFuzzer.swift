import EventStream

/// The parser of event streams: in one piece, in pieces and by the steps of the specification it is
/// the same, and what it read can be written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let whole = read([bytes])
  let model = ModelParser(bytes)
  require(whole.events.map(utf8) == model.events.map(utf8), "\(whole.events) is \(model.events)")
  require(whole.lastEventID.utf8.elementsEqual(model.lastEventID.utf8), "the id is the model's")
  require(whole.retryMilliseconds == model.retryMilliseconds, "the retry is the model's")
  for size in [1, 2, 7] {
    let pieces = stride(from: 0, to: count, by: size).map { Array(bytes[$0...].prefix(size)) }
    let cut = read(pieces)
    require(whole.events.map(utf8) == cut.events.map(utf8), "pieces of \(size) give the same")
    require(whole.lastEventID.utf8.elementsEqual(cut.lastEventID.utf8), "and the same id")
    require(whole.retryMilliseconds == cut.retryMilliseconds, "and the same retry")
  }
  var strict = EventStreamParser(eventByteCountMaximum: 8)
  try? strict.feed(bytes) { event in
    require(event.data.utf8.count <= 8 * 3, "a limit of 8 bytes holds: \(event.data)")
  }
  checkWriting(whole.events)
  return 0
}

private func read(
  _ pieces: [[UInt8]]
) -> (events: [ParsedEvent], lastEventID: String, retryMilliseconds: Int?) {
  var parser = EventStreamParser()
  var events: [ParsedEvent] = []
  do {
    for piece in pieces { try parser.feed(piece) { events.append($0) } }
  } catch {
    fatalError("does not hold: an input this small is read: \(error)")
  }
  return (events, parser.lastEventID, parser.retryMilliseconds)
}

private func checkWriting(_ events: [ParsedEvent]) {
  var bytes: [UInt8] = []
  for event in events {
    // A type may be too long for the writer, or have a NUL: then there is nothing to compare.
    guard let type = try? EventType(event.type) else { return }
    do {
      try EventStreamWriter.append(
        Event(type: type, data: event.data, id: event.lastEventID), to: &bytes)
    } catch {
      fatalError("does not hold: an id that was read can be written: \(error)")
    }
  }
  require(read([bytes]).events.map(utf8) == events.map(utf8), "what is written is read again")
}

/// What two events are compared by: `==` of strings takes "é" and "e\u{301}" for the same.
private func utf8(_ event: ParsedEvent) -> [[UInt8]] {
  [event.type, event.data, event.lastEventID].map { Array($0.utf8) }
}
