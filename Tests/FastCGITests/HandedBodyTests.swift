import Kernel
import Support
import Synchronization
import Testing

@testable import FastCGI

/// Bodies that are handed on piece by piece.
@Suite(.timeLimit(.minutes(2)))
struct HandedBodyTests {
  private static let headByteCount = WebServer.request("/take").count - 8

  @Test(arguments: [1, 8192, 65_536, 3_000_000], [0, 7])
  func `a body of any length is handed on whole, beyond the limit of one that is collected`(
    size: Int, padding: Int
  ) throws {
    let intake = Intake()
    let fixture = try intake.fixture()
    defer { fixture.stop() }
    let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let peer = try Peer(fixture.path)
    let request = WebServer.request("/take", body: body, padding: padding)
    for next in ["/a", "/b"] {
      // The head by itself: what comes with its body at once is collected.
      try peer.send(Array(request[..<Self.headByteCount]))
      try peer.send(request[Self.headByteCount...] + WebServer.request(next))
      #expect(try peer.readAnswer()?.hasSuffix("took \(size)") == true)
      #expect(intake.log.withLock { $0.body } == body)
      #expect(try peer.readAnswer()?.contains(next) == true)
      intake.log.withLock { $0 = Intake.Log() }
    }
  }

  @Test func `a body that comes with its head goes to the sink, too`() throws {
    let intake = Intake()
    let fixture = try intake.fixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/take", body: [1, 2, 3]))
    #expect(try peer.readAnswer()?.hasSuffix("took 3") == true)
    // An empty one, too.
    try peer.send(WebServer.request("/take"))
    #expect(try peer.readAnswer()?.hasSuffix("took 3") == true)
  }

  @Test func `who wants no pieces gets the whole body, however it comes`() throws {
    let intake = Intake()
    let fixture = try intake.fixture()
    defer { fixture.stop() }
    let request = WebServer.request("/whole", body: [1, 2, 3])
    let peer = try Peer(fixture.path)
    for cut in stride(from: Self.headByteCount - 20, to: request.count, by: 3) {
      try peer.send(Array(request[..<cut]))
      try Peer.pause()
      try peer.send(Array(request[cut...]))
      #expect(try peer.readAnswer()?.contains("/whole 3 ") == true)
    }
  }

  @Test func `a full sink stops the sender, and asks it to go on`() throws {
    let intake = Intake()
    intake.log.withLock { $0.takesMore = false }
    let fixture = try intake.fixture()
    defer { fixture.stop() }
    let body = [UInt8](repeating: 1, count: 4_000_000)
    let request = WebServer.request("/take", body: body)
    let peer = try Peer(fixture.path)
    var sent = try peer.sendWhatFits(Array(request[..<Self.headByteCount]))
    let quick = try Peer(fixture.path)
    // Until nothing fits any more although others are answered meanwhile.
    var stood = 0
    while stood < 50 {
      let count = try peer.sendWhatFits(Array(request[sent...]))
      sent += count
      stood = count == 0 ? stood + 1 : 0
      try quick.send(WebServer.request("/quick"))
      #expect(try quick.readAnswer() != nil)
    }
    #expect(sent < 1_000_000)
    let taken = intake.log.withLock { log in
      log.takesMore = true
      return log.body.count
    }
    #expect(taken <= FrontLimits.receiveByteCount)
    intake.log.withLock { $0.exchange }?.resume()
    try peer.send(Array(request[sent...]))
    #expect(try peer.readAnswer()?.hasSuffix("took 4000000") == true)
  }

  @Test func `an answer before the end of the body lets the rest go by`() throws {
    let intake = Intake()
    intake.log.withLock { $0.answersAtOnce = true }
    let fixture = try intake.fixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    for path in ["/take", "/refused"] {
      let request = WebServer.request(path, body: [UInt8](repeating: 1, count: 200_000))
      try peer.send(Array(request[..<1000]))
      let answer = try peer.readAnswer()
      #expect(answer?.hasSuffix("early") == true)
      try peer.send(request[1000...] + WebServer.request("/next"))
      #expect(try peer.readAnswer()?.contains("/next") == true)
    }
    #expect(intake.log.withLock { $0.body.count } < 1000)
  }

  @Test func `a body that goes by is read so far, then the connection is closed`() throws {
    let intake = Intake()
    var limits = FrontLimits()
    limits.discardedBodyByteCountMaximum = 10_000
    let fixture = try intake.fixture(limits)
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    let request = WebServer.request("/refused", body: [UInt8](repeating: 1, count: 1_000_000))
    try peer.send(Array(request[..<1000]))
    #expect(try peer.readAnswer()?.hasSuffix("early") == true)
    try? peer.send(Array(request[1000...]))
    #expect(try peer.readRecord() == nil)
  }

  @Test func `an answer in pieces comes in their order, each after the one before`() throws {
    let intake = Intake()
    let fixture = try intake.fixture()
    defer { fixture.stop() }
    let pieces = (0..<40).map { [UInt8](repeating: UInt8(65 + $0), count: 90_000) }
    intake.log.withLock { $0.pieces = pieces }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/take", body: [1]) + WebServer.request("/next"))
    let answer = try #require(try peer.readAnswer())
    #expect(Array(answer.utf8) == Array(pieces.joined()))
    #expect(try peer.readAnswer()?.contains("/next") == true)
  }

  @Test(arguments: Loss.allCases)
  func `a sink is told of a body that will not be whole`(loss: Loss) throws {
    let intake = Intake()
    var limits = FrontLimits()
    if loss == .silence { limits.bodySilenceSecondsMaximum = 0 }
    let fixture = try intake.fixture(limits)
    defer { fixture.stop() }
    let request = WebServer.request("/take", body: [1, 2, 3])
    var peer: Peer? = try Peer(fixture.path)
    try peer?.send(Array(request.dropLast(8)))
    while intake.log.withLock({ $0.body.isEmpty }) { try Peer.pause() }
    switch loss {
    case .abort:
      try peer?.send(WebServer.record(2, []) + WebServer.request("/next"))
      #expect(try peer?.readRecord()?.type == 3)
      #expect(try peer?.readAnswer()?.contains("/next") == true)
    case .close: peer = nil
    case .garbage:
      try peer?.send(WebServer.record(9, []))
      #expect(try peer?.readRecord() == nil)
    case .silence: #expect(try peer?.readRecord() == nil)
    }
    while !intake.log.withLock({ $0.isAbandoned }) { try Peer.pause() }
    #expect(intake.log.withLock { !$0.isEnded && $0.body == [1, 2, 3] })
  }

  enum Loss: CaseIterable { case abort, close, garbage, silence }

  @Test func `what is said of a request that was given up is not taken for the next one's answer`()
    throws
  {
    let intake = Intake()
    let fixture = try intake.fixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    let begun = Array(WebServer.request("/take", body: [1, 2, 3]).dropLast(8))
    try peer.send(begun)
    while intake.log.withLock({ $0.body.count < 3 }) { try Peer.pause() }
    let given = try #require(intake.log.withLock { $0.exchange })
    try peer.send(WebServer.record(2, []) + begun)
    #expect(try peer.readRecord()?.type == 3)
    while intake.log.withLock({ $0.body.count < 6 }) { try Peer.pause() }
    given.send(Array("stray".utf8), isLast: false)
    given.complete(Intake.text("stray"))
    // Letters of one mailbox are read in their order.
    intake.log.withLock { $0.exchange }?.complete(Intake.text("own"))
    #expect(try peer.readAnswer()?.hasSuffix("own") == true)
  }

  @Test func `a body that comes slowly is waited for`() throws {
    let intake = Intake()
    var limits = FrontLimits()
    limits.requestDurationSeconds = 2
    let fixture = try intake.fixture(limits)
    defer { fixture.stop() }
    let request = WebServer.request("/take", body: [1, 2, 3])
    let slow = try Peer(fixture.path)
    try slow.send(Array(request.dropLast(8)))
    // A connection without a whole request is closed meanwhile.
    let stalled = try Peer(fixture.path)
    try stalled.send(Array(request[..<20]))
    #expect(try stalled.readRecord() == nil)
    try slow.send(Array(request.suffix(8)))
    #expect(try slow.readAnswer()?.hasSuffix("took 3") == true)
  }

  @Test func `a stop is told to the sink, whose answer is sent`() throws {
    let intake = Intake()
    let fixture = try intake.fixture()
    let peer = try Peer(fixture.path)
    try peer.send(Array(WebServer.request("/take", body: [1, 2, 3]).dropLast(8)))
    while intake.log.withLock({ $0.body.isEmpty }) { try Peer.pause() }
    fixture.beginToStop()
    #expect(try peer.readAnswer()?.hasSuffix("stopped at 3") == true)
    // What nobody wants any more.
    try? peer.send(WebServer.record(5, []))
    #expect(try peer.readRecord() == nil)
    fixture.stop()
  }
}

/// A responder whose sinks write down what they are told; `/take` goes to one, `/refused` is answered by its
/// head.
struct Intake: Responder {
  struct Log {
    var exchange: Exchange?
    var body: [UInt8] = []
    var takesMore = true
    var answersAtOnce = false
    var pieces: [[UInt8]] = []
    var isEnded = false
    var isAbandoned = false
  }

  let log: Shared = Shared()

  final class Shared: Sendable {
    private let state = Mutex(Log())
    func withLock<Result>(_ body: (inout Log) -> Result) -> Result {
      state.withLock { log in body(&log) }
    }
  }

  func fixture(_ limits: FrontLimits = FrontLimits()) throws -> FrontFixture {
    try FrontFixture(self, limits: limits)
  }

  func receive(_ head: borrowing Request, exchange: Exchange) -> Reception {
    switch String(decoding: head.path, as: UTF8.self) {
    case "/take": .pieces(Sink(exchange: exchange, log: log))
    case "/refused": .refused(Self.text("early"))
    default: .whole
    }
  }

  func answer(_ request: borrowing Request, exchange: Exchange) -> Answer {
    if request.path == Array("/take".utf8) { return .pieces(Sink(exchange: exchange, log: log)) }
    return Echo().answer(request, exchange: exchange)
  }

  func refuse(_ refusal: Refusal) -> Response { Echo().refuse(refusal) }

  static func text(_ text: String) -> Response {
    Response(status: 200, headers: [], body: Array(text.utf8))
  }

  struct Sink: BodySink {
    let exchange: Exchange
    let log: Shared

    func take(_ piece: [UInt8]) -> Bool {
      log.withLock { log in
        log.exchange = exchange
        log.body += piece
        if log.answersAtOnce { exchange.complete(Intake.text("early")) }
        return log.takesMore
      }
    }

    func end() {
      log.withLock { log in
        log.isEnded = true
        if log.pieces.isEmpty { exchange.complete(Intake.text("took \(log.body.count)")) }
      }
      drained()
    }

    func drained() {
      log.withLock { log in
        guard !log.pieces.isEmpty else { return }
        exchange.send(log.pieces.removeFirst(), isLast: log.pieces.isEmpty)
      }
    }

    func abandon() { log.withLock { $0.isAbandoned = true } }

    func stop() {
      log.withLock { log in
        if !log.isEnded { exchange.complete(Intake.text("stopped at \(log.body.count)")) }
      }
    }
  }
}
