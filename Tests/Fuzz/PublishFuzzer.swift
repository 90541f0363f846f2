import JSONText

@testable import Hub

/// Publish requests: whatever path, query, headers and body are, an event is made of them that says what they
/// say, or a short problem.
///
/// The input is a byte that chooses the type, then path, query and headers in lines, an empty line, and the
/// body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  var rest = bytes[...]
  let type = types[Int(rest.popFirst() ?? 0) % types.count]
  let path = line(&rest)
  let query = line(&rest)
  var headers: [(name: String, value: [UInt8])] = []
  while case let header = line(&rest), !header.isEmpty {
    let name = headerNames[Int(header[header.startIndex]) % headerNames.count]
    headers.append((name: name, value: Array(header.dropFirst())))
  }
  let body = Array(rest)
  do throws(Problem) {
    let pairs = try FormDecoding.pairs(query)
    let request = try PublishRequest(
      contentType: type, pathTopic: path.isEmpty ? nil : String(decoding: path, as: UTF8.self),
      pairs: pairs, headers: headers, body: body)
    require(!request.topics.isEmpty, "an event has a topic")
  } catch {
    require((400..<500).contains(error.status), "it is the sender's fault: \(error)")
    require(error.response.body.count < 2500, "an answer is short: \(error)")
  }
  checkJSON(body)
  _ = AcceptHeader(String(decoding: query, as: UTF8.self)).prefers("a/b", to: "c/d")
  return 0
}

private let types: [String?] = [
  "application/json", "application/x-www-form-urlencoded", "text/plain; charset=latin1", nil,
  "multipart/form-data", "application/x-ndjson",
]
private let headerNames = [
  "TOPIC", "X_TOPICS", "EVENT", "RETRY", "TTL", "END", "IDEMPOTENCY_KEY", "HOST",
]

private func line(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
  let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
  defer { rest = rest[end...].dropFirst() }
  return rest[..<end]
}

/// What is taken of a body is what stands there, and can be taken again.
private func checkJSON(_ body: [UInt8]) {
  let members: [JSONMember]?
  do { members = try JSONText.members(of: body) } catch {
    require(PlainMessage.text(of: body.span) == nil, "what is no JSON is no message: \(error)")
    require(error.offset <= body.count, "a place is in the text: \(error)")
    return
  }
  if let message = PlainMessage.text(of: body.span) {
    require(members?.count == 1, "a plain message is one member")
    require(
      members?[0].value.string(in: body) == message, "a plain message is read as by the scanner")
  }
  for member in members ?? [] {
    let compact = Array(member.value.compactText(in: body).utf8)
    require(compact.count <= member.value.range.count, "compact text is no longer")
    do {
      try JSONText.check(compact)
    } catch {
      fatalError("does not hold: compact text is JSON: \(error)")
    }
    let again = Array("{\"v\": ".utf8) + compact + Array(" }".utf8)
    let value = (try? JSONText.members(of: again))??.first?.value
    require(value?.compactText(in: again).utf8.elementsEqual(compact) == true, "and stays as it is")
    require(value?.kind == member.value.kind, "and what it is")
    require(
      value?.string(in: again) == member.value.string(in: body), "and the text that it stands for")
    require(
      value?.elements(in: again)?.count == member.value.elements(in: body)?.count,
      "and its elements")
  }
}
