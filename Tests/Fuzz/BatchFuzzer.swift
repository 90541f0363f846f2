import FileQueue
import Kernel

@testable import Hub

/// Batches: whatever a body is and wherever it is cut, the same lines are found, each is an event or a short
/// problem, the plain ones are read as all others are, and an import takes what a batch takes.
///
/// The input is two bytes that say where the body is cut, one that says how long a line may be, and the body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  guard bytes.count > 3 else { return 0 }
  let body = Array(bytes[3...])
  let limit = Int(bytes[2]) + 1
  let whole = lines([body], limit)
  let first = min(Int(bytes[0]), body.count)
  let second = min(first + Int(bytes[1]), body.count)
  let pieces = [
    Array(body[..<first]), Array(body[first..<second]), Array(body[second...]),
  ]
  let cut = lines(pieces, limit)
  require(whole.elementsEqual(cut, by: ==), "lines are the same wherever a body is cut")
  require(lines(body.map { [$0] }, limit).elementsEqual(whole, by: ==), "also byte by byte")
  var number = 0
  for line in whole {
    require(line.number > number, "numbers go up")
    number = line.number
    if let text = line.text { check(text, limit) }
  }
  return 0
}

private func check(_ line: [UInt8], _ limit: Int) {
  require(!line.isEmpty && line.count <= limit, "a line is not empty, and keeps to the limit")
  require(!line.contains(UInt8(ascii: "\n")), "a line is one line")
  guard
    let request = try? BatchRequest(
      contentEncoding: nil, accept: nil, pathTopic: "a", pairs: [], headers: [])
  else { fatalError("does not hold: there is nothing wrong with this") }
  var piece = BatchPiece()
  piece.take(line.span, number: 1, request)
  require(piece.events.count + piece.refusals.count == 1, "a line is an event or a problem")
  for refusal in piece.refusals {
    require((400..<500).contains(refusal.problem.status), "it is the sender's fault")
    require(BatchReply.line(of: refusal.problem, line: 1).count < 2500, "a problem is short")
  }
  let other = try? request.event(line: line)
  require((other == nil) == piece.events.isEmpty, "a plain line is read as by the scanner")
  require(other?.byteCount == piece.events.first?.byteCount, "and makes the same event")
  let imported = try? ImportLines(topic: .default).event(line)
  require(other == nil || imported != nil, "an import takes what a batch takes")
}

private func lines(_ pieces: [[UInt8]], _ limit: Int) -> [(number: Int, text: [UInt8]?)] {
  var splitter = LineSplitter(lineByteCountMaximum: limit)
  var lines: [(number: Int, text: [UInt8]?)] = []
  func add(_ found: LineSplitter.Found, _ piece: [UInt8]) -> Bool {
    switch found {
    case .line(let range): lines.append((splitter.number, Array(piece[range])))
    case .joined(let line): lines.append((splitter.number, line))
    case .tooLong: lines.append((splitter.number, nil))
    case .nothing: return false
    }
    return true
  }
  for piece in pieces {
    while add(splitter.next(in: piece.span), piece) {}
    require(splitter.keptByteCount <= limit, "no more is kept than a line's limit")
  }
  _ = add(splitter.last(), [])
  return lines
}
