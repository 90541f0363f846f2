import EventStream
import FoundationEssentials
import HTTPClient
import Kernel

/// Prints the events of a site's stream, over as many connections as it takes, each event once.
struct RemoteTail {
  /// Before a site has said how long to wait between two connections.
  private static let pauseDefault: Duration = .seconds(2)
  /// One that ends when it has told what is there is tried again for no longer than this.
  private static let patience: Duration = .seconds(60)
  private static let accepted = "text/event-stream"
  private static let acceptedLines = "application/x-ndjson, text/event-stream;q=0.5"

  private let hub: RemoteHub
  private let isJSON: Bool
  /// Whether it ends once everything that is there is printed.
  private let ends: Bool
  private let query: [(name: String, value: String)]
  private let printsLive: Bool
  private let isOfGroup: Bool
  private let acknowledgements: Acknowledgements?
  /// The id behind which the next connection goes on.
  private var lastID = ""
  /// How long the site asks to wait between two connections.
  private var pause = Self.pauseDefault
  private var retries = Retries()
  private var failingSince: Int64?

  /// What the end of a connection means.
  private enum Ending {
    /// All is told, or nobody reads any more.
    case over
    /// It goes on with another connection.
    case again
  }

  /// - Parameter acknowledgements: where those of a group go; nil where none are wanted.
  init(_ hub: RemoteHub, _ options: Tail, acknowledgements: Acknowledgements?) {
    self.hub = hub
    isJSON = options.json
    ends = options.poll
    query = options.query
    printsLive =
      options.signals?.utf8.split(separator: UInt8(ascii: ",")).contains {
        $0.elementsEqual("live".utf8)
      } ?? false
    isOfGroup = options.group != nil
    self.acknowledgements = acknowledgements
  }

  /// Prints until the stream is over, or nobody reads any more.
  mutating func run() throws {
    while true {
      var asked: Duration?
      do {
        if try connect(&asked) == .over { return }
      } catch let failure as HTTPFailure {
        guard failure.isPassing else { throw failure }
        try noteFailure("\(failure)", exitCode: 69)
      } catch let problem as RemoteProblem {
        guard problem.isPassing else { throw problem }
        try noteFailure("\(problem)", exitCode: 75)
      }
      let wait =
        failingSince == nil
        ? pause * Double.random(in: 1...1.25) : max(pause, retries.next(asked: asked))
      if try StandardStream.output.waitForHangUp(timeout: wait) { return }
    }
  }

  /// Tells of the first of several failures.
  private mutating func noteFailure(_ reason: String, exitCode: Int32) throws {
    let now = Clock.monotonicNanoseconds()
    if let since = failingSince {
      guard ends, now - since > Self.patience.wholeNanoseconds else { return }
      throw CommandFailure(
        "\(reason): given up; check --url, or try later", exitCode: exitCode)
    }
    failingSince = now
    StandardError.write("weir: \(reason): trying again\n")
  }

  /// Reads one connection to its end.
  ///
  /// - Parameter asked: how long the site asks to wait, where it does.
  private mutating func connect(_ asked: inout Duration?) throws -> Ending {
    var headers = [
      (name: "Accept", value: isJSON ? Self.acceptedLines : Self.accepted),
      (name: "Cache-Control", value: "no-store"),
    ]
    if !lastID.isEmpty { headers.append((name: "Last-Event-ID", value: lastID)) }
    let exchange = try hub.begin("/sse", query: query, headers: headers)
    var reader: StreamReader?
    var head: HTTPHead?
    var refusal: [UInt8] = []
    while true {
      switch try exchange.next(timeout: .seconds(1), orHangUpOf: .output) {
      case .nothing: break
      case .hungUp: return .over
      case .head(let told):
        head = told
        asked = exchange.retryAfter
        if told.status == 204 { return .over }
        if told.status == 200 {
          reader = try StreamReader(told)
          (failingSince, retries) = (nil, Retries())
        }
      case .body(let bytes):
        guard reader != nil else {
          refusal += bytes.prefix(RemoteHub.answerByteCountMaximum - refusal.count)
          continue
        }
        try read(bytes, with: &reader)
      case .end:
        guard let head else { throw HTTPFailure.broken(reason: "the answer has no head") }
        guard let isLive = reader?.isLive else {
          throw RemoteProblem(head, body: refusal)
        }
        // One that is to come back later is told so.
        let isWhole = isLive || isOfGroup && exchange.retryAfter == nil
        return ends && isWhole ? .over : .again
      }
    }
  }

  private mutating func read(_ bytes: [UInt8], with reader: inout StreamReader?) throws {
    var output: [UInt8] = []
    var ids: [String] = []
    let (isJSON, printsLive) = (isJSON, printsLive)
    try reader?.feed(bytes) { line in
      switch line.event {
      case "weir.gap": Self.tellGap(line)
      case "weir.live" where !printsLive: break
      default:
        output += isJSON ? try line.json() : Self.block(line)
        if let id = line.id, line.event?.utf8.starts(with: EventType.ownPrefix.utf8) != true {
          ids.append(id)
        }
      }
    }
    // What is printed is behind it: another connection goes on there.
    if !output.isEmpty { try StandardOutput.write(output) }
    try acknowledgements?.send(ids)
    if let id = reader?.lastID, !id.isEmpty { lastID = id }
    if let told = reader?.retry { pause = told }
  }

  private static func tellGap(_ line: TailLine) {
    let data = line.data ?? ""
    if let gap = try? JSONDecoder().decode(EventGap.self, from: Data(data.utf8)) {
      return gap.tell()
    }
    StandardError.write("weir: events are missing: \(data.printable)\n")
  }

  /// An event as browsers get it.
  private static func block(_ line: TailLine) -> [UInt8] {
    let name = line.event == "message" ? nil : line.event
    var text = name.map { "event: \($0)\n" } ?? ""
    for part in (line.data ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
      text += "data: \(part)\n"
    }
    if let id = line.id { text += "id: \(id)\n" }
    return Array((text + "\n").utf8)
  }
}
