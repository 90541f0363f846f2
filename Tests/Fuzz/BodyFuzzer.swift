import Kernel

@testable import FastCGI

/// The records of a body that is handed on: what comes out is the same wherever they are cut, and what the
/// gate says of the same bytes does not depend on it either.
///
/// The input is two bytes that say where the bytes are cut, and the bytes behind a request's head.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  guard bytes.count > 2 else { return 0 }
  let rest = Array(bytes[2...])
  let first = min(Int(bytes[0]), rest.count)
  let second = min(first + Int(bytes[1]), rest.count)
  let whole = read(rest, cuts: [])
  require(read(rest, cuts: [first, second]) == whole, "a body is the same wherever it is cut")
  require(read(rest, cuts: Array(rest.indices)) == whole, "also byte by byte")
  require(whole.content.count <= rest.count, "nothing is made up")
  // What a body by itself comes to, the gate sees likewise behind a head.
  let head: [UInt8] = [1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 4, 0, 1, 0, 0, 0, 0]
  var gate = Gate(bodyByteCountMaximum: 1 << 20)
  var verdict = gate.inspect((head + rest).span)
  if case .head(let byteCount, let requestID) = verdict {
    require(byteCount == head.count && requestID == 1, "the head ends where it ends")
    verdict = gate.inspect((head + rest).span)
  }
  switch (whole.verdict, verdict) {
  case (.ended, .complete), (.aborted, .aborted), (.malformed, .malformed), (.goesOn, .incomplete):
    break
  default: fatalError("does not hold: the gate says \(verdict), the body \(whole.verdict)")
  }
  return 0
}

private struct Outcome: Equatable {
  var content: [UInt8] = []
  var verdict = BodyRecords.Verdict.goesOn
  var end = 0
}

private func read(_ bytes: [UInt8], cuts: [Int]) -> Outcome {
  var records = BodyRecords(requestID: 1)
  var outcome = Outcome()
  var start = 0
  for cut in cuts + [bytes.count] where cut > start {
    var position = 0
    let piece = Array(bytes[start..<cut])
    outcome.verdict = records.take(piece.span, from: &position, into: &outcome.content)
    start += position
    if outcome.verdict != .goesOn { break }
    require(start == cut, "all of a piece is taken in")
  }
  outcome.end = start
  return outcome
}
