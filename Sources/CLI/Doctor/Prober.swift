import Diagnosis
import Figures
import HTTPClient
import Kernel

/// Sends the requests of an examination; belongs to one thread.
struct Prober {
  /// An answer that is not whole by then is none.
  private static let patienceSeconds = 5.0
  private static let answerByteCountMaximum = 64 << 10

  let plan: ExaminationPlan
  /// For one request after the other.
  private let client: HTTPClient

  init(_ plan: ExaminationPlan) throws {
    self.plan = plan
    client = try Self.makeClient()
  }

  private static func makeClient() throws -> HTTPClient {
    try HTTPClient(
      userAgent: "weir/\(Version.current) doctor", authorities: Environment["CURL_CA_BUNDLE"])
  }

  private func request(_ probe: Probe, silenceSeconds: Double) -> HTTPRequest {
    var headers = probe.headers
    if let token = plan.token, !probe.isAnonymous {
      headers.append((name: "Authorization", value: "Bearer \(token)"))
    }
    var request = HTTPRequest(
      plan.site.address(probe.path, probe.query), method: probe.method, headers: headers,
      body: probe.body.map { Array($0.utf8) },
      silenceMaximum: .milliseconds(Int64(silenceSeconds * 1000)))
    request.takesPassword = !probe.isAnonymous
    return request
  }

  /// Opens a stream, over a connection of its own.
  func open(_ probe: Probe) throws -> ProbeStream {
    // Silence is what is looked at.
    ProbeStream(
      try Self.makeClient().begin(
        request(probe, silenceSeconds: plan.holdSeconds + 3600)))
  }

  /// Sends a request and waits for its whole answer, once.
  ///
  /// - Parameter meanwhile: called many times a second.
  func ask(_ probe: Probe, meanwhile: () -> Void) -> Attempt {
    do {
      let exchange = try client.begin(request(probe, silenceSeconds: Self.patienceSeconds))
      let deadline = Clock.monotonicNanoseconds() + Int64(Self.patienceSeconds * 1e9)
      var head: HTTPHead?
      var body: [UInt8] = []
      while Clock.monotonicNanoseconds() < deadline, body.count < Self.answerByteCountMaximum {
        switch try exchange.next(timeout: .milliseconds(20)) {
        case .head(let told): head = told
        case .body(let bytes): body += bytes
        case .end:
          guard let head else { return .failed("the answer has no head") }
          return .reply(Reply(head, body: body))
        case .nothing, .hungUp: meanwhile()
        }
      }
      return .failed("no whole answer came in \(Int(Self.patienceSeconds)) s")
    } catch {
      return .failed("\(error)")
    }
  }
}

/// A request of an examination.
struct Probe {
  var path: String
  var method: String?
  var query: [(name: String, value: String)] = []
  var headers: [(name: String, value: String)] = []
  var body: String?
  /// Whether it goes without token and password.
  var isAnonymous = false
}
