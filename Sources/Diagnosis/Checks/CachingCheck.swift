/// Whether something between may keep the stream and give it to others.
package enum CachingCheck: DoctorCheck {
  package static let name = "caching"

  package static func judge(_ sights: Sights) -> [Verdict] {
    guard sights.live.isServed, let reply = sights.live.reply else {
      return [.unknown("there is no stream to look at")]
    }
    let told = reply.values("cache-control").joined(separator: ", ")
    let words = told.lowercased().split { $0 == "," || $0 == " " }
    let isKept = words.contains { word in
      word == "public"
        || ((word.hasPrefix("max-age=") || word.hasPrefix("s-maxage=")) && !word.hasSuffix("=0"))
    }
    let isFromCache =
      reply.values("age").contains { $0 != "0" }
      || reply.values("x-cache").contains { $0.uppercased().hasPrefix("HIT") }
    guard !isKept, !isFromCache, words.contains("no-store") else {
      let seen =
        isFromCache
        ? "the stream comes out of a cache"
        : told.isEmpty ? "the stream has no Cache-Control" : "the stream has Cache-Control: \(told)"
      return [
        .finding(
          Finding(
            seen, file: "the site's locations for /sse, and each proxy or CDN in front",
            line:
              "(take out add_header Cache-Control, expires and *_cache for /sse; weir sends no-store)",
            why:
              "a cache that keeps a stream gives old events to new clients, and waits for its end"))
      ]
    }
    return [.fine(told)]
  }
}
