@testable import FileQueue

/// The parser of records: what it takes for one is one, by a checksum that is computed otherwise.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  check(bytes)
  check(mendingChecksums(bytes))
  return 0
}

private func check(_ bytes: [UInt8]) {
  for start in bytes.indices where start == 0 || bytes[start - 1] == UInt8(ascii: "\n") {
    checkParse(bytes, at: start)
  }
  for expected in [0, 1, 7, 999] as [UInt64] {
    let found = RecordParser.search(
      bytes.span, from: 0, expected: expected, below: 1000,
      epochDigits: HexadecimalDigits(0x6f2a_91c4))
    guard let found else { continue }
    require(
      found.sequence >= expected && found.sequence < 1000,
      "what is found is \(expected) or later, and below the limit: \(found)")
    checkRecord(found, bytes, at: found.start)
    let id = "id: 6f2a91c4-\(found.sequence)\n\n"
    require(
      bytes[found.body].suffix(id.utf8.count).elementsEqual(id.utf8), "it ends with its id: \(id)")
  }
}

private func checkParse(_ bytes: [UInt8], at start: Int) {
  switch RecordParser.parse(bytes.span, at: start) {
  case .record(let record):
    checkRecord(record, bytes, at: start)
    // A first part of it is cut off, wherever, and asks for no more than there is to come.
    for end in stride(from: start, to: record.body.upperBound, by: max(1, record.byteCount / 16)) {
      guard case .cutOff(let needed) = RecordParser.parse(Array(bytes[..<end]).span, at: start)
      else { fatalError("does not hold: a first part, to \(end), is cut off") }
      require(needed > end - start, "\(needed) bytes are more than the \(end - start) there are")
      require(needed <= record.byteCount, "\(needed) bytes are not more than the record has")
    }
  case .cutOff(let needed):
    require(needed > bytes.count - start, "\(needed) bytes are more than there are")
  case .damaged:
    break
  }
}

private func checkRecord(_ record: RecordLayout, _ bytes: [UInt8], at start: Int) {
  guard let head = PlainHead(bytes, at: start) else {
    fatalError("does not hold: a record has a head, \(record)")
  }
  require(record.start == start, "it begins where it was looked for")
  require(record.sequence == head.sequence, "its sequence is \(head.sequence)")
  require(record.body == head.body, "its body is \(head.body)")
  require(
    head.checksumField.upperBound < record.topic.lowerBound
      && record.topic.upperBound < record.body.lowerBound && !record.topic.isEmpty,
    "its topic \(record.topic) stands between checksum and body")
  let field = String(decoding: bytes[head.checksumField], as: UTF8.self)
  require(
    UInt32(field, radix: 16) == head.checksum(in: bytes, from: start), "its checksum is right")
}
