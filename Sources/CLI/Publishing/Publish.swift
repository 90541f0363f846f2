import ArgumentParser
import FileQueue
import Hub
import Kernel

/// The command `weir publish`.
struct Publish: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publish events into a queue, for which no server is needed, or to a site.",
    discussion: """
      Prints the event's id once the event is on disk. Streams that are open get it at once.

        weir publish --queue /var/lib/weir --topic orders "order 7 is paid"
        date | weir publish --url https://example.org --topic clock --ttl 1m

      Standard input may be many events: with --lines each line is one as soon as it is there; with --ndjson \
      it is a JSON object with the fields of a publish request, and --topic, --event, --retry and --ttl are \
      for those that lack them. Ctrl-C publishes what was read, then ends. What is refused is told by its \
      line, stops nothing, and makes the exit code 65.

        make 2>&1 | weir publish --queue /var/lib/weir --topic build --lines --end
        weir publish --url https://example.org --ndjson < events.ndjson

      To a site an event is sent again where the connection breaks, with a key by which the site queues it \
      once; so, too, where the site asks for a later try. Proxies and credentials are those of curl \
      (https_proxy, ~/.netrc), and CURL_CA_BUNDLE names a file of authorities to trust.
      """)

  @OptionGroup var target: EventTarget
  @OptionGroup var fields: EventOptions

  @Flag(help: "Publish each line of standard input as an event.")
  var lines = false

  @Flag(help: "Publish the JSON object in each line of standard input.")
  var ndjson = false

  @Option(
    help: ArgumentHelp(
      "Give a site up that does not answer, or asks for a later try, after so long.",
      valueName: "time"),
    transform: OptionRange.patience.value)
  var patience = Duration.seconds(60)

  @OptionGroup var quiet: QuietOption

  @Argument(
    help:
      "The event's data; without it, or as '-', standard input to its end, less one newline there.")
  var message: String?

  func validate() throws {
    guard lines || ndjson else { return }
    if lines, ndjson { throw ValidationError("Name either --lines or --ndjson, not both.") }
    let name = lines ? "--lines" : "--ndjson"
    if message != nil {
      throw ValidationError(
        "With \(name) the events are read from standard input: leave the data out.")
    }
    // An object may not wait either: a batch is published at once.
    let waits = fields.delay != nil ? "--delay" : fields.at != nil ? "--at" : nil
    if let option = fields.ofOneEvent ?? (ndjson ? waits ?? (fields.end ? "--end" : nil) : nil) {
      throw ValidationError("\(option) is of one event: leave it out with \(name).")
    }
  }

  func run() throws {
    try reportingFailures {
      if lines || ndjson { return try publishLines() }
      let publication = fields.publication(try data())
      let id = try sink().publish(publication)
      try StandardOutput.write("\(id)\n", afterwards: "event \(id) is queued")
    }
  }

  private func sink(interruption: Interruption? = nil) throws -> any EventSink {
    if let hub = try target.hub() {
      return try RemoteSink(hub, patience: patience, interruption: interruption)
    }
    return try QueueSink(target)
  }

  // MARK: - One event

  private func data() throws -> String {
    if let message, message != "-" { return message }
    try StandardInput.requireOpen(for: "published")
    let limit = QueueLimits.bodyByteCountMaximum
    var bytes = try StandardStream.input.readAll(byteCountMaximum: limit)
    guard bytes.count <= limit else {
      throw QueueError.eventTooLarge(byteCount: bytes.count, byteCountMaximum: limit)
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure("standard input is not UTF-8: publish text", exitCode: 65)
    }
    return text
  }

  // MARK: - Many

  private func format() throws -> LineFormat {
    if lines {
      var model = fields.publication("")
      model.end = false
      return .text(model)
    }
    do throws(BatchFault) { return .json(try BatchLines(query: fields.query)) } catch {
      throw CommandFailure("\(error)", exitCode: 64)
    }
  }

  private func publishLines() throws {
    try StandardInput.requireOpen(for: "published")
    let interruption = try Interruption()
    let sink = try sink(interruption: interruption)
    let format = try format()
    var input = InputLines(
      lineByteCountMaximum: QueueLimits.bodyByteCountMaximum, interruption: interruption)
    let progress = Progress(
      "publish", of: StandardStream.input.fileByteCount, isQuiet: quiet.quiet)
    var tally = PublishTally()
    do {
      while let read = try input.next() {
        let events = lines ? read : read.filter { !$0.isBlank }
        if !events.isEmpty { tally.add(try sink.publish(events, as: format)) }
        progress.show(input.byteCount, eventCount: tally.acceptedCount)
      }
      if fields.end {
        let id = try sink.publish(fields.publication(""))
        var end = PublishTally()
        end.accept(id, isReplayed: false)
        tally.add(end)
      }
    } catch {
      StandardError.write("weir: \(tally.text) before it\n")
      throw error
    }
    try StandardOutput.write("\(tally.text)\n", afterwards: tally.text)
    interruption.endIfInterrupted()
    if tally.rejectedCount > 0 { throw CommandFailure(tally.rejection, exitCode: 65) }
  }
}
