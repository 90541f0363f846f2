package import FileQueue

/// How a queue and its workers are, as Prometheus reads it: what `GET /weir/metrics` tells (text format
/// 0.0.4).
package struct MetricsReport {
  /// What the report is.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private enum Kind: String {
    case counter, gauge, histogram
  }

  private let workers: [WorkerFigures]
  private var text = ""

  /// Renders the report.
  ///
  /// - Parameters:
  ///   - groups: those that have lines of their own: the first ``FigureLimits/groupLabelCountMaximum``.
  ///   - groupCount: how many there are in all.
  package static func render(
    _ queue: QueueFigures, _ workers: [WorkerFigures], _ groups: [GroupFigures] = [],
    groupCount: Int = 0
  ) -> [UInt8] {
    var report = MetricsReport(workers)
    report.addProcesses()
    report.addQueue(queue)
    report.addStreams()
    report.addDelivery()
    report.addRequests()
    report.addGroups(groups, count: groupCount)
    return Array(report.text.utf8)
  }

  private init(_ workers: [WorkerFigures]) {
    self.workers = workers
  }

  // MARK: - What is told

  private mutating func addProcesses() {
    begin("weir_build_info", .gauge, "The weir that tells this.")
    sample("weir_build_info", [("version", Version.current)], 1)
    begin("weir_worker_up", .gauge, "Whether the worker runs.")
    for worker in workers { sample("weir_worker_up", labels(worker), worker.isAlive ? 1 : 0) }
    begin("weir_worker_start_time_seconds", .gauge, "When the worker began, since 1970.")
    for worker in workers where worker.isAlive {
      sample(
        "weir_worker_start_time_seconds", labels(worker), value: Double(worker.startedAt) / 1000)
    }
  }

  private mutating func addQueue(_ queue: QueueFigures) {
    single("weir_queue_bytes", .gauge, "Bytes of all segments and their indexes.", queue.byteCount)
    single("weir_queue_events", .gauge, "Events that the queue holds.", queue.eventCount)
    single("weir_queue_segments", .gauge, "Segment files.", queue.segmentCount)
    single(
      "weir_queue_appended_events_total", .counter, "Events on disk since the queue was made.",
      Int(queue.next - 1))
    single(
      "weir_queue_read_only", .gauge, "Whether the queue takes no events since a write failed.",
      queue.isReadOnly ? 1 : 0)
  }

  private mutating func addStreams() {
    gauge("weir_streams_open", "Open streams.") { $0.openStreamCount }
    gauge("weir_streams_live", "Streams that have everything.") { $0[.streamsLive] }
    gauge("weir_streams_behind", "Streams that have yet to get what others have.") {
      $0.behindStreamCount
    }
    gauge("weir_streams_blocked", "Streams whose socket is full.") { $0[.streamsBlocked] }
    counter("weir_streams_opened_total", "Streams that were opened.", .streamsOpened)
    counter("weir_streams_closed_total", "Streams that have ended.", .streamsClosed)
    counters(
      "weir_streams_refused_total", "Requests for a stream that got none, by limit.", "limit",
      StreamRefusal.self
    ) { PageLayout.cell($0) }
  }

  private mutating func addDelivery() {
    counter(
      "weir_deliveries_total", "Events handed to the kernel for a subscriber.", .deliveries)
    counter("weir_sent_bytes_total", "Bytes sent to streams.", .sentBytes)
    counter("weir_writes_total", "Writes to streams.", .writes)
    counter("weir_heartbeats_total", "Heartbeats sent to streams.", .heartbeats)
    counter("weir_passes_total", "Passes of stream loops over the queue.", .passes)
    begin(
      "weir_pacing_seconds_total", .counter, "Time that passes had to wait while there were events."
    )
    for worker in workers {
      sample(
        "weir_pacing_seconds_total", labels(worker),
        value: Double(worker.values[.pacingNanoseconds]) / 1e9)
    }
    counter("weir_replays_total", "Streams that began behind an event id.", .replays)
    counter(
      "weir_replayed_events_total", "Events handed to subscribers that were catching up.",
      .replayedEvents)
    counter(
      "weir_falls_total", "Times that a stream fell behind because its socket was full.", .falls)
    counters("weir_gaps_total", "Events weir.gap sent, by reason.", "reason", GapReason.self) {
      PageLayout.cell($0)
    }
    histogram(
      "weir_lag_seconds", "From publishing an event to handing it to live subscribers.", .lag)
  }

  private mutating func addRequests() {
    gauge("weir_keys_remembered", "Keys by which a second publish is known.") {
      $0[PageLayout.keysCell]
    }
    let delayed = StatusReport.DelayedStatus(nil, workers.filter(\.isAlive), PageValues())
    single(
      "weir_delayed_waiting", .gauge, "Events that wait for their time.",
      Int(clamping: delayed.waiting))
    begin(
      "weir_delayed_next_due_seconds", .gauge,
      "When the first of them is due, since 1970; left out where none waits.")
    if let due = delayed.nextDue {
      sample("weir_delayed_next_due_seconds", [], value: Double(due) / 1000)
    }
    begin(
      "weir_delayed_dropped_total", .counter,
      "Delayed events that were not published, because their topics had ended.")
    for worker in workers {
      sample(
        "weir_delayed_dropped_total", labels(worker), worker.values[PageLayout.delayedDroppedCell])
    }
    counters("weir_requests_total", "Requests, by what they are for.", "route", Route.self) {
      PageLayout.cell($0)
    }
    counters(
      "weir_problems_total", "Requests answered with a problem, by its code.", "code",
      ProblemCode.self
    ) { PageLayout.cell($0) }
    begin("weir_publishes_total", .counter, "Publish requests, by what became of them.")
    for worker in workers {
      let acknowledged = Histogram.publish.count(in: worker.values)
      let refused = worker.values[PageLayout.publishesRefusedCell]
      sample(
        "weir_publishes_total", labels(worker) + [("result", "acknowledged")], acknowledged)
      sample("weir_publishes_total", labels(worker) + [("result", "refused")], refused)
    }
    histogram(
      "weir_publish_duration_seconds", "From a publish request to its acknowledgement.", .publish)
  }

  private mutating func addGroups(_ groups: [GroupFigures], count: Int) {
    single("weir_groups", .gauge, "Groups that share events.", count)
    func add(
      _ name: String, _ kind: Kind, _ help: String, _ value: (GroupFigures) -> UInt64
    ) {
      begin(name, kind, help)
      for group in groups { sample(name, [("group", group.group)], value(group)) }
    }
    add("weir_group_members", .gauge, "Streams that take part in a group.") { UInt64($0.members) }
    add(
      "weir_group_waiting_events", .gauge,
      "Events behind a group's place, and those to be given again."
    ) { $0.waiting }
    add(
      "weir_group_given_events", .gauge,
      "Events that a member is being sent, or has not acknowledged."
    ) { UInt64($0.given) }
    add("weir_group_delivered_events_total", .counter, "Events that members got, each time.") {
      $0.delivered
    }
    add("weir_group_redelivered_events_total", .counter, "Events that were given again.") {
      $0.redelivered
    }
    add("weir_group_acknowledged_events_total", .counter, "Events that were acknowledged.") {
      $0.acknowledged
    }
  }

  // MARK: - How it is written

  private func labels(_ worker: WorkerFigures) -> [(String, String)] {
    [("worker", "\(worker.number)")]
  }

  private mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
  }

  private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: UInt64) {
    line(name, labels, "\(value)")
  }

  private mutating func sample(
    _ name: String, _ labels: [(String, String)], value: Double
  ) {
    line(name, labels, "\(value)")
  }

  /// No label's value has a character that would have to be escaped.
  private mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
    let list = labels.map { "\($0.0)=\"\($0.1)\"" }.joined(separator: ",")
    text += list.isEmpty ? "\(name) \(value)\n" : "\(name){\(list)} \(value)\n"
  }

  private mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
    begin(name, kind, help)
    sample(name, [], UInt64(value))
  }

  private mutating func gauge(
    _ name: String, _ help: String, _ value: (PageValues) -> UInt64
  ) {
    begin(name, .gauge, help)
    for worker in workers where worker.isAlive {
      sample(name, labels(worker), value(worker.values))
    }
  }

  private mutating func counter(_ name: String, _ help: String, _ count: LoopCount) {
    begin(name, .counter, help)
    for worker in workers { sample(name, labels(worker), worker.values[count]) }
  }

  private mutating func counters<Label: CaseIterable & RawRepresentable<String>>(
    _ name: String, _ help: String, _ label: String, _: Label.Type, _ cell: (Label) -> Int
  ) {
    begin(name, .counter, help)
    for worker in workers {
      for one in Label.allCases {
        sample(name, labels(worker) + [(label, one.rawValue)], worker.values[cell(one)])
      }
    }
  }

  private mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
    begin(name, .histogram, help)
    for worker in workers {
      let labels = labels(worker)
      var count: UInt64 = 0
      for (place, bound) in histogram.bounds.enumerated() {
        count &+= worker.values[histogram.firstCell + place]
        let seconds = Double(bound) / histogram.unitsPerSecond
        sample("\(name)_bucket", labels + [("le", "\(seconds)")], count)
      }
      count = histogram.count(in: worker.values)
      sample("\(name)_bucket", labels + [("le", "+Inf")], count)
      let sum = Double(worker.values[histogram.sumCell]) / histogram.unitsPerSecond
      sample("\(name)_sum", labels, value: sum)
      sample("\(name)_count", labels, count)
    }
  }
}
