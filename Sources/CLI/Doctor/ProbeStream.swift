import Diagnosis
import HTTPClient
import Kernel

/// A stream that is held, and what came of it, when.
///
/// Belongs to one thread, which looks after it often enough.
final class ProbeStream {
  /// Bytes of text that are kept: a probe asks for little.
  private static let textByteCountMaximum = 256 << 10

  private let exchange: HTTPExchange
  private let beganAt = Clock.monotonicNanoseconds()
  private var head: HTTPHead?
  private var text: [UInt8] = []
  private var beganAfterSeconds: Double?
  private var arrivals: [Double] = []
  private var end: StreamSight.End?

  init(_ exchange: HTTPExchange) {
    self.exchange = exchange
  }

  /// Addresses of its connection.
  var localAddress: String? { exchange.localAddress }
  var remoteAddress: String? { exchange.remoteAddress }

  /// How old it is.
  var ageSeconds: Double { Double(Clock.monotonicNanoseconds() - beganAt) / 1e9 }

  var hasHead: Bool { head != nil || end != nil }
  var hasBegun: Bool { beganAfterSeconds != nil || end != nil }
  var hasEnded: Bool { end != nil }
  var heartbeatCount: Int { arrivals.count }

  /// Takes what has come, and waits no longer than `seconds` for something.
  func look(forSeconds seconds: Double = 0) {
    guard end == nil else { return }
    do {
      var patience = Duration.milliseconds(Int64(seconds * 1000))
      while true {
        switch try exchange.next(timeout: patience) {
        case .head(let told): head = told
        case .body(let bytes): take(bytes)
        case .end:
          end = .whole(afterSeconds: ageSeconds)
          return
        case .nothing, .hungUp: return
        }
        // What else is there already.
        patience = .zero
      }
    } catch {
      end = .cut(afterSeconds: ageSeconds, reason: "\(error)")
    }
  }

  private func take(_ bytes: [UInt8]) {
    text += bytes.prefix(max(Self.textByteCountMaximum - text.count, 0))
    if beganAfterSeconds != nil {
      arrivals.append(ageSeconds)
    } else if isBegun {
      beganAfterSeconds = ageSeconds
    }
  }

  /// Whether all of its beginning is there, which ends with `weir.live`; what is compressed is not looked into.
  private var isBegun: Bool {
    guard head?["content-encoding"] == nil else { return true }
    return text.suffix(2) == [0x0A, 0x0A] && has("event: weir.live\n")
  }

  /// Whether a text has come.
  func has(_ part: String) -> Bool { String(decoding: text, as: UTF8.self).contains(part) }

  /// What was seen.
  var sight: StreamSight {
    var opening = Attempt.failed("no answer came")
    if let head {
      opening = .reply(Reply(head, body: text))
    } else if case .cut(_, let reason)? = end {
      opening = .failed(reason)
    }
    return StreamSight(
      opening: opening, beganAfterSeconds: beganAfterSeconds, arrivals: arrivals, end: end,
      heldSeconds: ageSeconds)
  }
}

extension Reply {
  init(_ head: HTTPHead, body: [UInt8]) {
    self.init(
      status: head.status, version: head.version,
      headers: head.headers.map { Header($0.name, $0.value) },
      body: String(decoding: body, as: UTF8.self))
  }
}
