/// Whether the site's clocks are right, as far as this machine's is.
package enum ClockCheck: DoctorCheck {
  package static let name = "clock"
  /// More than a second that is cut off, and the way.
  static let secondsMaximum = 5.0

  package static func judge(_ sights: Sights) -> [Verdict] {
    var offsets: [(clock: String, seconds: Double)] = []
    if let text = sights.live.reply?.values("date").first, let date = HTTPDate.seconds(text) {
      // The second is cut off.
      let own = Double(sights.viewpoint.unixMilliseconds) / 1000
      offsets.append(("nginx", Double(date) + 0.5 - own))
    }
    if let delivery = sights.delivery, let time = delivery.publish.reply?.field("time"),
      let milliseconds = Int64(time)
    {
      offsets.append(("weir", Double(milliseconds - delivery.unixMilliseconds) / 1000))
    }
    guard !offsets.isEmpty else { return [.unknown("the site tells no time")] }
    let wrong = offsets.filter { abs($0.seconds) > secondsMaximum }
    guard let worst = wrong.max(by: { abs($0.seconds) < abs($1.seconds) }) else {
      return [.fine("within \(Int(secondsMaximum)) s of this machine's")]
    }
    let which = wrong.map(\.clock).joined(separator: " and ")
    let direction = worst.seconds > 0 ? "ahead of" : "behind"
    return [
      .finding(
        Finding(
          "the clock of \(which) is \(abs(worst.seconds).inTenths) s \(direction) this machine's",
          file: "the machine of \(which), or this one", line: "timedatectl set-ntp true",
          why: "times of events, since=10m, ttl, delays and tokens that expire are wrong by that"))
    ]
  }
}

/// The date that HTTP writes (RFC 9110, section 5.6.7).
package enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Seconds since 1970; nil for what is no such date.
  package static func seconds(_ text: String) -> Int? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
      let month = months.firstIndex(of: String(words[2])), (1...31).contains(day),
      (1970...9999).contains(year)
    else { return nil }
    let time = words[4].split(separator: ":").compactMap { Int($0) }
    guard time.count == 3, (0..<24).contains(time[0]), (0..<60).contains(time[1]),
      (0...60).contains(time[2])
    else { return nil }
    // Days of the calendar, with the year beginning in March.
    let shifted = month < 2 ? year - 1 : year
    let ofYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + ofYear - 719_468
    return days * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]
  }
}
