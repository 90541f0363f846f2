/// Whether something on the way keeps events back.
package enum DeliveryCheck: DoctorCheck {
  package static let name = "buffering"
  /// More than a busy site takes, and less than people wait.
  static let delaySecondsMaximum = 1.0

  package static func judge(_ sights: Sights) -> [Verdict] {
    if case .failed = sights.live.opening, let poll = sights.json?.reply, poll.status == 200 {
      return [
        buffered("not even the head of a stream comes, and a poll, which ends, is answered", poll)
      ]
    }
    guard sights.live.isServed, let reply = sights.live.reply else {
      return [.unknown("there is no stream to look at")]
    }
    guard let began = sights.live.beganAfterSeconds else {
      return [buffered("nothing of the stream came after its head", reply)]
    }
    if let delivery = sights.delivery, delivery.publish.reply?.status == 200 {
      guard let delay = delivery.delaySeconds else {
        return [
          buffered(
            "an event did not arrive within \(delivery.patienceSeconds.inTenths) s of its acknowledgement",
            reply)
        ]
      }
      if delay > delaySecondsMaximum {
        return [
          buffered("an event arrived \(delay.inTenths) s after its acknowledgement", reply)
        ]
      }
      return [.fine("an event arrived \(delay.inMilliseconds) ms after its acknowledgement")]
    }
    if began > 3 * delaySecondsMaximum {
      return [buffered("the stream began only after \(began.inTenths) s", reply)]
    }
    return [
      .fine("the stream began at once, after \(began.inMilliseconds) ms; nothing was published")
    ]
  }

  private static func buffered(_ seen: String, _ reply: Reply) -> Verdict {
    // weir's nginx passes this header on, and an nginx in front of it obeys it and takes it away.
    let isFirst = reply.values("x-accel-buffering").contains("no")
    let file =
      isFirst
      ? "weir.conf, in location ^~ /sse/ (the answer comes straight from weir's nginx, or from a proxy that is no nginx)"
      : "each proxy in front of weir's nginx, and weir.conf, in location ^~ /sse/"
    let line =
      isFirst
      ? "fastcgi_buffering off;   (and no fastcgi_ignore_headers X-Accel-Buffering)"
      : "proxy_buffering off;   (nginx in front; and no proxy_ignore_headers X-Accel-Buffering) fastcgi_buffering off;   (weir.conf)"
    return .finding(
      Finding(
        seen, file: file, line: line,
        why:
          "something on the way keeps events until kilobytes have come together: pages get them late or never"
      ))
  }
}

extension Double {
  /// With one digit behind the point.
  var inTenths: String {
    let tenths = Int((self * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// Seconds as whole milliseconds.
  var inMilliseconds: Int { Int((self * 1000).rounded()) }
}
