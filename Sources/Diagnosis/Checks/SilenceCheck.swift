/// Whether heartbeats pass, and no proxy cuts a quiet stream before the next one.
package enum SilenceCheck: DoctorCheck {
  package static let name = "timeouts"
  /// weir's heartbeat if nothing else is set, and some for the way.
  package static let heartbeatSecondsMaximum = 17.0

  package static func judge(_ sights: Sights) -> [Verdict] {
    let quiet = sights.quiet
    guard quiet.reply?.isEventStream == true, sights.live.isServed else {
      return [.unknown("there is no stream to look at")]
    }
    guard quiet.beganAfterSeconds != nil || quiet.end != nil else {
      return [.unknown("nothing of the stream comes, and so no heartbeat")]
    }
    let beats = quiet.arrivals
    if let end = quiet.end {
      guard let last = beats.last else { return [cut(end)] }
      let age = end.afterSeconds
      if case .whole = end {
        return [
          .unknown(
            "heartbeats pass; the stream ended after \(age.inTenths) s as a whole one: --max-stream-age, or weir was stopped"
          )
        ]
      }
      return age - last > interval(quiet) * 0.9 ? [cut(end)] : [aged(end)]
    }
    guard let first = beats.first else {
      guard quiet.heldSeconds > 60 else {
        return [
          .unknown(
            "no heartbeat came in \(quiet.heldSeconds.inTenths) s: where `heartbeat` of weir is longer than that, hold a stream longer with --long 2m"
          )
        ]
      }
      return [
        .finding(
          Finding(
            "no heartbeat came in \(quiet.heldSeconds.inTenths) s", file: "/etc/weir/weir.toml",
            line: "heartbeat = 15",
            why:
              "proxies and phone networks cut what is silent for a minute or less, and nobody notices clients that have gone"
          ))
      ]
    }
    return [
      .fine(
        "a heartbeat came after \(first.inTenths) s; nothing cut the stream in \(quiet.heldSeconds.inTenths) s"
      )
    ]
  }

  /// Seconds between two heartbeats.
  private static func interval(_ quiet: StreamSight) -> Double {
    let begin = quiet.beganAfterSeconds ?? 0
    let beats = quiet.arrivals
    return ((beats.last ?? 0) - begin) / Double(max(beats.count, 1))
  }

  private static func cut(_ end: StreamSight.End) -> Verdict {
    .finding(
      Finding(
        "a quiet stream was cut after \(end.afterSeconds.inTenths) s, before a heartbeat came",
        file: "weir.conf, in location ^~ /sse/, and each proxy in front of weir's nginx",
        line:
          "fastcgi_read_timeout 75s;   (weir.conf) proxy_read_timeout 75s;   (nginx in front) timeout server 75s, timeout client 75s   (HAProxy)",
        why:
          "each silence ends the stream, and all browsers come back again and again. The time has to be more than two heartbeats of weir (15 s each); or weir's `heartbeat` less than half of it"
      ))
  }

  private static func aged(_ end: StreamSight.End) -> Verdict {
    .finding(
      Finding(
        "a stream was cut after \(end.afterSeconds.inTenths) s although heartbeats came",
        file: "the proxy, load balancer or CDN in front that limits how long an answer takes",
        line: "max-stream-age = \"…\"   (in /etc/weir/weir.toml: less than that limit)",
        why:
          "browsers come back and lose nothing, but all that have come together are cut together; weir would spread them"
      ))
  }
}
