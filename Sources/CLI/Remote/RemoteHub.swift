import Figures
import FoundationEssentials
import HTTPClient
import Kernel

/// A weir that is reached over HTTP; belongs to one thread.
final class RemoteHub {
  /// What an answer that is kept whole may take.
  static let answerByteCountMaximum = 16 << 20

  let address: SiteAddress
  private let token: String?
  private let client: HTTPClient

  /// A weir at an address.
  ///
  /// - Parameter token: sent as `Authorization: Bearer`.
  init(_ address: SiteAddress, token: String?) throws {
    self.address = address
    self.token = token
    do {
      client = try HTTPClient(
        userAgent: "weir/\(Version.current)", authorities: Environment["CURL_CA_BUNDLE"])
    } catch {
      throw CommandFailure(error)
    }
  }

  /// The same weir, over connections of its own.
  func another() throws -> RemoteHub { try RemoteHub(address, token: token) }

  /// Begins a request.
  ///
  /// - Parameter method: nil for GET, and for POST where there is a body.
  func begin(
    _ path: String, method: String? = nil, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)], body: [UInt8]? = nil
  ) throws(HTTPFailure) -> HTTPExchange {
    let credentials = token.map { [(name: "Authorization", value: "Bearer \($0)")] } ?? []
    return try client.begin(
      HTTPRequest(
        address.address(path, query), method: method, headers: headers + credentials, body: body))
  }

  /// Sends a request, once; returns the body of an answer of success.
  ///
  /// - Throws: `RemoteProblem` for a refusal, `HTTPFailure`.
  func ask(
    _ path: String, method: String? = nil, query: [(name: String, value: String)] = []
  ) throws -> [UInt8] {
    let exchange = try begin(
      path, method: method, query: query, headers: [(name: "Accept", value: "application/json")])
    let (head, answer) = try Self.answer(exchange, nil)
    guard (200..<300).contains(head.status) else { throw RemoteProblem(head, body: answer) }
    return answer
  }

  /// Reads the JSON of an answer.
  static func decode<Value: Decodable>(
    _ type: Value.Type, _ answer: [UInt8]
  ) throws(CommandFailure) -> Value {
    do { return try JSONDecoder().decode(type, from: Data(answer)) } catch { throw strange }
  }

  /// What it means that an answer of success is not what a weir answers.
  static let strange = CommandFailure(
    "what the site answers is not what a weir does: check --url", exitCode: 69)

  /// Posts something until it is answered, again and again while it fails in passing; what is posted has to
  /// be harmless when it arrives twice.
  ///
  /// - Parameters:
  ///   - patience: it is given up after so long.
  ///   - interruption: ends the waiting.
  /// - Returns: the body of an answer of success.
  /// - Throws: `RemoteProblem` for a refusal, `CommandFailure` where it is given up.
  func post(
    _ path: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)], body: [UInt8], patience: Duration,
    interruption: Interruption? = nil
  ) throws -> [UInt8] {
    let deadline = Clock.monotonicNanoseconds() + patience.wholeNanoseconds
    var retries = Retries()
    var isTold = false
    while true {
      let reason: String
      let exitCode: Int32
      var asked: Duration?
      do {
        let exchange = try begin(path, query: query, headers: headers, body: body)
        let (head, answer) = try Self.answer(exchange, interruption)
        if (200..<300).contains(head.status) { return answer }
        let problem = RemoteProblem(head, body: answer)
        guard problem.isPassing else { throw problem }
        asked = exchange.retryAfter
        (reason, exitCode) = ("\(problem)", 75)
      } catch let failure as HTTPFailure {
        guard failure.isPassing else { throw failure }
        (reason, exitCode) = ("\(failure)", 69)
      }
      let pause = retries.next(asked: asked)
      let left = Duration(nanoseconds: deadline - Clock.monotonicNanoseconds())
      guard pause <= left else {
        let wish = asked.map { $0 > left ? ", and asks to wait for \($0.inWords)" : "" } ?? ""
        throw CommandFailure(
          "\(reason)\(wish): given up; check --url, or try later", exitCode: exitCode)
      }
      if !isTold {
        StandardError.write("weir: \(reason): trying again for up to \(left.inWords)\n")
      }
      isTold = true
      if let interruption { try interruption.pause(pause) } else { Clock.pause(pause) }
    }
  }

  /// Waits for the whole answer.
  private static func answer(
    _ exchange: HTTPExchange, _ interruption: Interruption?
  ) throws -> (HTTPHead, [UInt8]) {
    var head: HTTPHead?
    var body: [UInt8] = []
    while true {
      switch try exchange.next(timeout: .milliseconds(250)) {
      case .head(let told): head = told
      case .body(let bytes):
        body += bytes
        guard body.count <= answerByteCountMaximum else {
          throw CommandFailure(
            "the answer is longer than \(answerByteCountMaximum) bytes: is --url a weir's?",
            exitCode: 69)
        }
      case .end:
        guard let head else { throw HTTPFailure.broken(reason: "the answer has no head") }
        return (head, body)
      case .nothing, .hungUp: try interruption?.check()
      }
    }
  }
}
