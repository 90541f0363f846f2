@testable import Figures
@testable import Hub
@testable import Streaming

/// Requests for a stream: whatever address, query and headers are, a stream is asked for that has its limits, or
/// a short problem is told; and a topic that is percent-encoded is found as it was.
///
/// The input is the path as the web server understands it behind `/sse/`, the address, the query, `Last-Event-ID`
/// and `Origin`, a line each.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  var rest = bytes[...]
  let path = Array("/sse/".utf8) + line(&rest)
  let address = Array(line(&rest))
  let query = line(&rest)
  let lastEventID = String(decoding: line(&rest), as: UTF8.self)
  let origin = String(decoding: rest, as: UTF8.self)
  do throws(Problem) {
    let topic = try PathTopic.read(.stream, path: path, uri: address)
    let request = try SubscribeRequest(
      pathTopic: topic, pairs: try FormDecoding.pairs(query), header: lastEventID)
    let filter = request.wanted.filter
    let topicCount = filter.topics.count + filter.patterns.count
    require((1...HubLimits.topicsPerStreamCountMaximum).contains(topicCount), "a stream has topics")
  } catch {
    require((400..<500).contains(error.status), "it is the sender's fault: \(error)")
    require(error.response.body.count < 2500, "an answer is short: \(error)")
  }
  checkEncodedTopic(Array(query))
  checkOrigin(origin)
  return 0
}

private func line(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
  let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
  defer { rest = rest[end...].dropFirst() }
  return rest[..<end]
}

/// A topic that is percent-encoded as a whole is that topic, whatever the web server makes of the path.
private func checkEncodedTopic(_ topic: [UInt8]) {
  guard !topic.isEmpty, let text = String(validating: topic, as: UTF8.self) else { return }
  let digits = Array("0123456789ABCDEF".utf8)
  let address =
    Array("/sse/".utf8)
    + topic.flatMap { [UInt8(ascii: "%"), digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  let path = RequestAddress.resolve(Array("/sse/".utf8) + topic)
  guard path.starts(with: "/sse/".utf8) else { return }
  let found = try? PathTopic.read(.stream, path: path, uri: address)
  require(found.map { Array($0.utf8) } == Array(text.utf8), "an encoded topic is found")
}

/// An origin is allowed to the byte; only one that is named may send cookies.
private func checkOrigin(_ origin: String) {
  let strict = CrossOrigin(["https://page.example", "*"])
  for route in [Route.stream, .publish, .status] {
    let headers = strict.headers(for: origin, on: route)
    let isAllowed = headers.contains {
      $0.name.utf8.elementsEqual("Access-Control-Allow-Credentials".utf8)
    }
    let isNamed = origin.utf8.elementsEqual("https://page.example".utf8)
    require(isAllowed == (isNamed && route != .status), "cookies are for who is named")
  }
}
