import Testing

@testable import Diagnosis

/// What the checks say of a deployment is a function of what was seen: here it is made up.
@Suite struct JudgementTests {
  /// What is seen of a site as weir's own files make it, from elsewhere, over HTTP/2.
  private func healthy() -> Sights {
    let headers = [
      Reply.Header("content-type", "text/event-stream"), Reply.Header("cache-control", "no-store"),
      Reply.Header("x-accel-buffering", "no"),
      Reply.Header("date", "Wed, 25 Nov 2026 19:47:52 GMT"),
    ]
    let stream = Reply(
      status: 200, version: "2", headers: headers, body: "retry: 2000\nid: f474a971-0\n\n")
    let gap = Reply(
      status: 200, version: "2", headers: headers,
      body: "event: weir.gap\ndata: {\"reason\":\"unknown-epoch\",\"requested\":\"00000000-1\"}\n\n"
    )
    let live = StreamSight(
      opening: .reply(stream), beganAfterSeconds: 0.01, heldSeconds: 2)
    var quiet = live
    (quiet.arrivals, quiet.heldSeconds) = ([15.1], 15.1)
    var sights = Sights(
      viewpoint: Sights.Viewpoint(
        site: "https://example.org", localAddress: "203.0.113.7", remoteAddress: "192.0.2.9",
        unixMilliseconds: 1_795_636_072_300),
      live: live, quiet: quiet)
    let acknowledged = Reply(
      status: 200, body: "{\"id\":\"f474a971-1\",\"time\":1795636072400,\"topic\":\"t\"}")
    sights.delivery = Sights.Delivery(
      publish: .reply(acknowledged), unixMilliseconds: 1_795_636_072_390, delaySeconds: 0.004)
    sights.keyed = [.reply(acknowledged), .reply(acknowledged)]
    sights.anonymousPublish = .reply(Reply(status: 403))
    sights.json = .reply(
      Reply(status: 200, headers: [Reply.Header("content-type", "application/json")]))
    sights.resumeByHeader = .reply(gap)
    sights.resumeByQuery = .reply(gap)
    sights.path = .reply(
      Reply(
        status: 400,
        body:
          "{\"code\":\"invalid_topic\",\"detail\":\"the topic 'weir-doctor.>.a//b%2Fc' has '>' elsewhere than at its end: put it there\"}"
      ))
    sights.large = .reply(stream)
    sights.foreignOrigin = .reply(stream)
    sights.health = .reply(Reply(status: 200, body: "ok\n"))
    sights.status = .reply(Reply(status: 403))
    sights.statusByProxy = .reply(Reply(status: 403))
    sights.failing = .reply(
      Reply(status: 200, headers: headers, body: "retry: 2000\n: nginx cannot …\n\n"))
    sights.compressed = live
    sights.crowd = Array(repeating: live, count: 10)
    var settings = NginxSettings()
    (settings.workerConnections, settings.streamsMaximum) = (768, 300)
    sights.machine = nginx(settings)
    return sights
  }

  private func nginx(_ settings: NginxSettings) -> MachineSight {
    .seen(
      MachineSight.Nginx(
        file: "/etc/nginx/nginx.conf", descriptors: 1024, settings: settings, processors: 2))
  }

  private func findings(_ change: (inout Sights) -> Void = { _ in }) -> [String] {
    var sights = healthy()
    change(&sights)
    return Judgement.judge(sights).filter(\.isFinding).map(\.check)
  }

  /// The stream's answer with other headers.
  private func stream(_ headers: [(String, String)], version: String = "2") -> Attempt {
    .reply(
      Reply(
        status: 200, version: version, headers: headers.map { Reply.Header($0.0, $0.1) },
        body: "retry: 2000\nid: f474a971-0\n\n"))
  }

  private let type = ("content-type", "text/event-stream")

  @Test func nothingIsFoundWhereNothingIsWrong() {
    for judgement in Judgement.judge(healthy()) {
      if case .fine = judgement.verdict { continue }
      Issue.record("\(judgement)")
    }
    #expect(Judgement.judge(healthy()).map(\.check) == Judgement.checks.map { $0.name })
  }

  @Test func eachCheckFindsItsOwn() {
    #expect(findings { $0.delivery?.delaySeconds = nil } == ["buffering"])
    #expect(findings { $0.delivery?.delaySeconds = 1.5 } == ["buffering"])
    #expect(findings { $0.live.beganAfterSeconds = nil } == ["buffering"])
    #expect(
      findings {
        $0.live = StreamSight(opening: .failed("no answer came"))
        ($0.delivery, $0.crowd, $0.compressed) = (nil, [], nil)
      } == ["buffering"])
    #expect(findings { $0.delivery?.isIntact = false } == ["content-type"])
    #expect(findings { $0.resumeByHeader = stream([type]) } == ["resume"])
    #expect(findings { $0.failing = .reply(Reply(status: 502)) } == ["5xx"])
    #expect(findings { $0.large = .reply(Reply(status: 400)) } == ["headers"])
    #expect(findings { $0.json = stream([type]) } == ["weir.conf"])
    #expect(
      findings { $0.keyed[1] = .reply(Reply(status: 200, body: "{\"id\":\"f474a971-2\"}")) }
        == ["weir.conf"])
    #expect(findings { $0.viewpoint.unixMilliseconds += 60_000 } == ["clock"])
    #expect(
      findings { $0.compressed?.opening = stream([type, ("content-encoding", "gzip")]) }
        == ["compression"])
    #expect(
      findings { $0.crowd[3].opening = .failed("the connection was closed") } == ["streams"])
  }

  @Test(arguments: ["text/html", "text/event-stream; charset=iso-8859-1"])
  func anotherTypeIsFound(value: String) {
    let headers = [("content-type", value), ("cache-control", "no-store")]
    #expect(findings { $0.live.opening = stream(headers) }.contains("content-type"))
  }

  @Test(arguments: ["public, max-age=60", "no-store, max-age=3600", ""])
  func whatCachesKeepIsFound(value: String) {
    let control = value.isEmpty ? [] : [("cache-control", value)]
    #expect(findings { $0.live.opening = stream([type] + control) } == ["caching"])
  }

  @Test func aCutIsToldFromAnAge() {
    #expect(
      findings {
        $0.quiet.arrivals = []
        $0.quiet.end = .cut(afterSeconds: 5, reason: "transfer closed")
      } == ["timeouts"])
    // Behind a proxy that speaks HTTP/1.0 inwards a cut looks like an end.
    #expect(
      findings {
        $0.quiet.arrivals = []
        $0.quiet.end = .whole(afterSeconds: 5)
      } == ["timeouts"])
    var sights = healthy()
    sights.quiet.arrivals = [15, 30, 45, 60]
    sights.quiet.end = .cut(afterSeconds: 65, reason: "transfer closed")
    if case .finding(let aged)? = SilenceCheck.judge(sights).first {
      #expect(aged.what.contains("although heartbeats came"))
    } else {
      Issue.record("an age is not found")
    }
    sights.quiet.end = .whole(afterSeconds: 65)
    guard case .unknown? = SilenceCheck.judge(sights).first else {
      Issue.record("a stream that weir has ended is found")
      return
    }
  }

  @Test func whereOneStandsDecidesWhatIsPublic() {
    func open(from address: String, isOutside: Bool = false) -> [String] {
      findings {
        $0.anonymousPublish = $0.delivery?.publish
        $0.status = .reply(Reply(status: 200, body: "{\"deliveries\":0}"))
        $0.viewpoint.localAddress = address
        $0.viewpoint.isOutside = isOutside
      }
    }
    for address in ["127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "fd00::1", ""] {
      #expect(open(from: address).isEmpty, "\(address)")
      #expect(open(from: address, isOutside: true) == ["publishing", "status"], "\(address)")
    }
    for address in ["8.8.8.8", "172.32.0.1", "2001:db8::1"] {
      #expect(open(from: address) == ["publishing", "status"], "\(address)")
    }
    // One who says to be of the machine.
    #expect(findings { $0.forgedPublish = .reply(Reply(status: 403)) } == [])
    #expect(findings { $0.forgedPublish = .reply(Reply(status: 200)) } == ["publishing"])
    #expect(findings { $0.forgedPublish = .reply(Reply(status: 400)) } == ["publishing"])
    // Whether rules would have refused it weir says only of an event.
    #expect(
      findings {
        $0.viewpoint.isReadOnly = true
        $0.anonymousPublish = .reply(Reply(status: 400, body: "{\"code\":\"missing_message\"}"))
      } == [])
    #expect(
      findings {
        $0.viewpoint.localAddress = "127.0.0.1"
        $0.statusByProxy = .reply(Reply(status: 200, body: "{\"deliveries\":0}"))
      } == ["status"])
  }

  @Test func aPathThatWasDecodedIsFound() {
    let detail = "the topic 'weir-doctor.>.a/b/c' has '>' elsewhere than at its end"
    let body = "{\"code\":\"invalid_topic\",\"detail\":\"\(detail)\"}"
    #expect(findings { $0.path = .reply(Reply(status: 400, body: body)) } == ["path"])
  }

  @Test func anAbsentWeirIsFoundAndNothingElse() {
    let away = StreamSight(
      opening: .reply(
        Reply(
          status: 200, version: "2", headers: [Reply.Header("content-type", "text/event-stream")],
          body: "retry: 2000\n: weir does not answer: nginx's error log says why\nid: @1.000\n\n")),
      end: .whole(afterSeconds: 0.01))
    #expect(
      findings {
        ($0.live, $0.quiet, $0.compressed, $0.crowd, $0.delivery) = (away, away, nil, [], nil)
        ($0.resumeByHeader, $0.resumeByQuery, $0.json) = (away.opening, away.opening, nil)
        $0.path = away.opening
      } == ["weir"])
    #expect(
      findings {
        $0.live.opening = .reply(Reply(status: 502, version: "2"))
        ($0.crowd, $0.compressed) = ([], nil)
      } == ["weir", "5xx"])
  }

  @Test func originsAreJudged() {
    let any = ("access-control-allow-origin", "https://weir-doctor.invalid")
    let withCookies = ("access-control-allow-credentials", "true")
    #expect(findings { $0.foreignOrigin = stream([type, any]) } == [])
    #expect(findings { $0.foreignOrigin = stream([type, any, withCookies]) } == ["cors"])
    #expect(findings { $0.foreignOrigin = stream([type, any, any]) } == ["cors"])
    let origin = "https://app.example.org"
    let allowed = ("access-control-allow-origin", origin)
    func named(_ headers: [(String, String)], preflight: [(String, String)]) -> [String] {
      findings {
        $0.viewpoint.origin = origin
        $0.namedOrigin = stream([type] + headers)
        $0.preflight = stream(preflight)
      }
    }
    #expect(named([], preflight: []) == ["cors"])
    #expect(named([allowed], preflight: []) == ["cors"])
    #expect(named([allowed], preflight: [allowed]) == [])
    #expect(named([("access-control-allow-origin", "*")], preflight: []) == [])
  }

  @Test func nginxSettingsAreReadFromItsFiles() {
    var settings = NginxSettings()
    let text = """
      worker_processes auto; # worker_connections 1;
      events { worker_connections 4096; multi_accept on; }
      http { log_format a "x; # {}" ; server {
        location ^~ /sse/ { set $a ${uri}b; limit_conn weir_streams 300; } } }
      """
    for words in NginxSettings.directives(of: text) { settings.take(words) }
    #expect(settings.workerConnections == 4096)
    #expect(settings.workerProcesses == nil)
    #expect(settings.streamsMaximum == 300)
    // More connections than descriptors.
    #expect(findings { $0.machine = nginx(settings) } == ["descriptors"])
    // 600 connections of 512.
    settings.workerConnections = 256
    #expect(findings { $0.machine = nginx(settings) } == ["descriptors"])
    settings.workerConnections = 300
    #expect(findings { $0.machine = nginx(settings) } == [])
  }

  @Test(arguments: [
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Wed, 25 Nov 2026 19:47:52 GMT", 1_795_636_072),
    ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
  ])
  func datesAreRead(text: String, seconds: Int) {
    #expect(HTTPDate.seconds(text) == seconds)
  }

  @Test(arguments: ["", "yesterday", "Wed, 25 Nov 2026 19:47 GMT", "Wed, 25 Nuv 2026 19:47:52 GMT"])
  func whatIsNoDateIsNone(text: String) {
    #expect(HTTPDate.seconds(text) == nil)
  }
}
