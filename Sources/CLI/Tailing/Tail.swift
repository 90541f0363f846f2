import ArgumentParser

/// The command `weir tail`.
struct Tail: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a queue or a site: print events as they are published.",
    discussion: """
      Prints what browsers get, as an event stream, or with --json as lines of JSON, until it is \
      interrupted; what is missing is told on standard error. Begins with what comes, unless --since says \
      otherwise.

        weir tail --queue /var/lib/weir --topic 'orders.*' --since 1h
        weir tail --url https://example.org --topic build --since all --json | jq -r .data

      From a site each event is printed once, however often the connection breaks: the next one goes on \
      behind the last event, after the time that the site asks for. It ends where all its topics have \
      ended. Proxies and credentials are those of curl (https_proxy, ~/.netrc), and CURL_CA_BUNDLE names a \
      file of authorities to trust.
      """)

  @OptionGroup var target: EventTarget
  @OptionGroup var range: EventRange

  @Flag(help: "End when everything that is there is printed.")
  var poll = false

  @Flag(help: "Print a JSON object a line: id, time, topics, event, data; topic and message, too.")
  var json = false

  func run() throws {
    try reportingFailures {
      if let hub = try target.hub() {
        var tail = RemoteTail(hub, self)
        try tail.run()
      } else {
        try QueueTail(
          target: target, range: range, rendering: json ? .tailLine : .eventStream, ends: poll
        ).run()
      }
    }
  }

  /// What it asks a site for.
  var query: [(name: String, value: String)] {
    var query = range.topic.map { (name: "topic", value: $0) }
    if query.isEmpty { query.append((name: "topic", value: ">")) }
    query += range.event.map { (name: "event", value: $0) }
    if let since = range.sinceText { query.append((name: "since", value: since)) }
    if poll { query += [(name: "poll", value: "1"), (name: "signals", value: "live")] }
    return query
  }
}
