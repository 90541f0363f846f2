import ArgumentParser

/// The command `weir tail`.
struct Tail: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a queue or a site: print events as they are published.",
    discussion: """
      Prints what browsers get, as an event stream, or with --json as lines of JSON, until it is \
      interrupted; what is missing is told on standard error. Begins with what comes, unless --since or \
      --last says otherwise.

        weir tail --queue /var/lib/weir --topic 'orders.*' --since 1h
        weir tail --url https://example.org --topic build --since all --json | jq -r .data
        weir tail --url https://example.org --topic price --last 1 --poll
        weir tail --url https://example.org --topic jobs --group workers --ack 30s

      It ends where all its topics have ended. From a site each event is printed once, however often the \
      connection breaks: the next one goes on behind the last event, after the time that the site asks \
      for. Proxies and credentials are those of curl (https_proxy, ~/.netrc), and CURL_CA_BUNDLE names a \
      file of authorities to trust.
      """)

  @OptionGroup var target: EventTarget
  @OptionGroup var range: EventRange

  @Flag(help: "End when everything that is there is printed.")
  var poll = false

  @Flag(help: "Print a JSON object a line: id, time, topics, event, data; topic and message, too.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Of a site: print weir.live when the past is told, weir.heartbeat while nothing comes, or both.",
      valueName: "live,heartbeat"))
  var signals: String?

  @Option(
    help: ArgumentHelp(
      "Of a site: share the events with all who name this group; each goes to one of them.",
      valueName: "name"))
  var group: String?

  @Option(
    help: ArgumentHelp(
      "Acknowledge each event of the group when it is printed; what is not in so long is given again.",
      valueName: "time"))
  var ack: String?

  @Option(
    help: ArgumentHelp(
      "Have so many events of the group at most that are not acknowledged.", valueName: "number"))
  var credit: Int?

  func validate() throws {
    if group == nil, let name = ack != nil ? "--ack" : credit != nil ? "--credit" : nil {
      throw ValidationError("\(name) is for a group: name it with --group.")
    }
    if target.url == nil, let name = group != nil ? "--group" : signals != nil ? "--signals" : nil {
      throw ValidationError("\(name) is of a site: name it with --url.")
    }
  }

  func run() throws {
    try reportingFailures {
      if let hub = try target.hub() {
        let acknowledgements = try ack.map { _ in
          Acknowledgements(try hub.another(), group: group ?? "")
        }
        var tail = RemoteTail(hub, self, acknowledgements: acknowledgements)
        try tail.run()
      } else {
        try QueueTail(
          target: target, range: range, rendering: json ? .tailLine : .eventStream(hasRetry: false),
          ends: poll
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
    if let last = range.last { query.append((name: "last", value: "\(last)")) }
    if poll {
      query.append((name: "poll", value: "1"))
      // By which a whole one is known. A group has nothing of the kind, and gives again what was lost.
      if group == nil { query.append((name: "signals", value: "live")) }
    }
    let further = [
      ("signals", signals), ("group", group), ("ack", ack), ("credit", credit.map { "\($0)" }),
    ]
    query += further.compactMap { name, value in value.map { (name: name, value: $0) } }
    return query
  }
}
