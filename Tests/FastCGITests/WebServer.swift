import Kernel
import Support
import SystemPackage

@testable import FastCGI

/// A web server's side of FastCGI, for tests: renders requests, reads records.
enum WebServer {
  static func record(
    _ type: UInt8, id: UInt16 = 1, _ content: [UInt8], padding: Int = 0, version: UInt8 = 1
  ) -> [UInt8] {
    [
      version, type, UInt8(id >> 8), UInt8(id & 0xFF), UInt8(content.count >> 8),
      UInt8(content.count & 0xFF), UInt8(padding), 0,
    ] + content + [UInt8](repeating: 0xAA, count: padding)
  }

  static func pair(_ name: String, _ value: String) -> [UInt8] {
    length(name.utf8.count) + length(value.utf8.count) + Array(name.utf8) + Array(value.utf8)
  }

  static func length(_ count: Int) -> [UInt8] {
    if count < 128 { return [UInt8(count)] }
    return [
      0x80 | UInt8(count >> 24), UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF),
      UInt8(count & 0xFF),
    ]
  }

  static func begin(role: UInt8 = 1, keeps: Bool = true, id: UInt16 = 1) -> [UInt8] {
    record(1, id: id, [0, role, keeps ? 1 : 0, 0, 0, 0, 0, 0])
  }

  /// A whole request, its body in records of `pieceByteCount`.
  static func request(
    _ path: String, method: String = "PUT", body: [UInt8] = [], keeps: Bool = true,
    id: UInt16 = 1, pieceByteCount: Int = 32_768, padding: Int = 0
  ) -> [UInt8] {
    let parameters =
      pair("REQUEST_METHOD", method) + pair("SCRIPT_NAME", path)
      + pair("X_LONG", String(repeating: "v", count: 300))
    var bytes = begin(keeps: keeps, id: id) + record(4, id: id, parameters, padding: padding)
    bytes += record(4, id: id, [])
    var start = 0
    while start < body.count {
      let end = min(start + pieceByteCount, body.count)
      bytes += record(5, id: id, Array(body[start..<end]), padding: padding)
      start = end
    }
    return bytes + record(5, id: id, [])
  }
}

/// A connection to a front.
final class Peer {
  private let socket: Descriptor
  private var received: [UInt8] = []

  init(_ path: FilePath) throws {
    socket = try UnixSocket.connect(to: path)
  }

  func send(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      switch try socket.send(bytes.span.extracting(done...)) {
      case .transferred(let count): done += count
      case .wouldBlock: try Peer.pause()
      }
    }
  }

  /// Sends as much as the socket takes now; returns how much that is.
  func sendWhatFits(_ bytes: [UInt8]) throws -> Int {
    switch try socket.send(bytes.span) {
    case .transferred(let count): count
    case .wouldBlock: 0
    }
  }

  /// Everything up to the end of the connection.
  func readToEnd() throws -> [UInt8] {
    while try readSome() {}
    return received
  }

  /// The next record: its type and content; nil at the end of the connection.
  func readRecord() throws -> (type: UInt8, content: [UInt8])? {
    while true {
      if received.count >= 8 {
        let header = RecordHeader(received.span, at: 0)
        if received.count >= header.recordByteCount {
          let content = Array(received[8..<(8 + header.contentByteCount)])
          received.removeFirst(header.recordByteCount)
          return (header.type, content)
        }
      }
      guard try readSome() else { return nil }
    }
  }

  /// A whole answer's STDOUT, up to its END_REQUEST; nil at the end of the connection.
  func readAnswer() throws -> String? {
    var output: [UInt8] = []
    while let record = try readRecord() {
      if record.type == 6 { output += record.content }
      if record.type == 3 { return String(decoding: output, as: UTF8.self) }
    }
    return nil
  }

  private func readSome() throws -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      var span = chunk.mutableSpan
      do {
        switch try socket.read(into: &span) {
        case .transferred(0): return false
        case .transferred(let count):
          received += chunk[..<count]
          return true
        case .wouldBlock: try Peer.pause()
        }
      } catch let error as SystemCallError where error.errno == .connectionReset {
        return false
      }
    }
  }

  static func pause() throws {
    var epoll = try Epoll(eventCountMaximum: 1)
    _ = try epoll.wait(timeout: .milliseconds(1))
  }
}

/// Fronts with a responder that echoes, on a socket of their own.
final class FrontFixture {
  let directory: TemporaryDirectory
  let path: FilePath
  private let fronts: Fronts

  init(_ responder: some Responder = Echo(), limits: FrontLimits = FrontLimits()) throws {
    FastCGILibrary.initialize()
    directory = try TemporaryDirectory()
    path = directory.path.appending("s")
    fronts = try Fronts.start(
      count: 2, listener: try Listener.listen(at: path), responder: responder, limits: limits,
      shortage: { _ in }, failure: { _ in })
  }

  func stop() {
    beginToStop()
    fronts.join()
  }

  func beginToStop() { fronts.stop() }
}

/// Answers with method, path, and the body's length and sum; `/stream` with a stream, `/later` from
/// another thread.
struct Echo: Responder {
  func answer(_ request: borrowing Request, exchange: Exchange) -> Answer {
    let path = String(validating: request.path, as: UTF8.self) ?? "not UTF-8"
    switch path {
    case "/stream":
      return .stream { connection in
        var frame = OutputFrame(requestID: connection.requestID)
        frame.append(Response(status: 200, headers: [], body: []).rendered)
        frame.append(Array("data: x\n\n".utf8))
        frame.appendEnd()
        let bytes = frame.finish()
        _ = try? connection.send(bytes.span)
      }
    case "/later":
      let thread = try? Thread(name: "later") {
        exchange.complete(Response(status: 200, headers: [], body: Array("late".utf8)))
      }
      return thread == nil ? .now(Response(status: 500, headers: [], body: [])) : .later
    default:
      return .now(
        Response(
          status: 200, headers: [(name: "X-Echo", value: "a\r\nb")],
          body: Array(Self.text(request.method, path, request.body).utf8)))
    }
  }

  static func text(_ method: String, _ path: String, _ body: [UInt8]) -> String {
    let sum = body.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) }
    return "\(method) \(path) \(body.count) \(sum)"
  }

  func refuse(_ refusal: Refusal) -> Response {
    Response(status: 413, headers: [], body: Array("too large".utf8))
  }
}
