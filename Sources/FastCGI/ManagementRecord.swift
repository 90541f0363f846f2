/// Answers the records that belong to no request (FastCGI specification 1.0, section 4), so that
/// libfcgi, whose own answer overflows a buffer, never sees one.
enum ManagementRecord {
  /// The answer to the management record at the start of `bytes`.
  static func answer(to bytes: Span<UInt8>) -> [UInt8] {
    let header = RecordHeader(bytes, at: 0)
    var answer: [UInt8] = []
    guard header.type == RecordType.getValues.rawValue else {
      RecordHeader.append(.unknownType, requestID: 0, contentByteCount: 8, to: &answer)
      answer.append(contentsOf: [header.type, 0, 0, 0, 0, 0, 0, 0])
      return answer
    }
    let content = bytes.extracting(
      RecordHeader.byteCount..<(RecordHeader.byteCount + header.contentByteCount))
    var pairs: [UInt8] = []
    for name in names(in: content) {
      guard let value = values[name] else { continue }
      pairs.append(UInt8(name.utf8.count))
      pairs.append(UInt8(value.utf8.count))
      pairs.append(contentsOf: name.utf8)
      pairs.append(contentsOf: value.utf8)
    }
    RecordHeader.append(
      .getValuesResult, requestID: 0, contentByteCount: pairs.count, to: &answer)
    return answer + pairs
  }

  private static let values = [
    "FCGI_MAX_CONNS": "8192", "FCGI_MAX_REQS": "8192", "FCGI_MPXS_CONNS": "0",
  ]

  /// The names that are asked for, each once, in their order; what is malformed ends the list.
  private static func names(in content: Span<UInt8>) -> [String] {
    var names: [String] = []
    var index = 0
    while index + 2 <= content.count {
      let nameByteCount = Int(content[index])
      let valueByteCount = Int(content[index + 1])
      let end = index + 2 + nameByteCount + valueByteCount
      guard nameByteCount < 128, valueByteCount < 128, end <= content.count else { break }
      var name: [UInt8] = []
      for byte in (index + 2)..<(index + 2 + nameByteCount) { name.append(content[byte]) }
      let text = String(decoding: name, as: UTF8.self)
      if values[text] != nil, !names.contains(text) { names.append(text) }
      index = end
    }
    return names
  }
}
