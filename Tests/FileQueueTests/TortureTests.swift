import Support
import Testing

@testable import FileQueue

/// A small queue, damaged in every way at every place.
///
/// What is to come of it stands in ``Damage/wholeParts(of:at:)``: what is whole is read, what is not
/// is told as missing.
struct TortureTests {
  private let sample: TortureSample
  private let fixture: QueueFixture

  init() throws {
    sample = try TortureSample()
    fixture = try QueueFixture(inMemory: true)
  }

  // MARK: - The text

  @Test(arguments: Damage.allCases, TortureSample.Place.allCases)
  func `whatever happens to a segment, what is whole is read and what is not is told`(
    damage: Damage, place: TortureSample.Place
  ) throws {
    let name = TortureSample.text(place)
    let original = sample.bytes(name)
    for position in damage.positions(in: original, every: 5) {
      let bytes = damage.applied(to: original, at: position)
      let survivors = sample.survivors(
        in: damage.wholeParts(of: original, at: position), of: place)
      try expect(
        [name: bytes], at: place, missing: sample.sequences(place).subtracting(survivors),
        "\(damage) at \(position)")
    }
  }

  @Test(arguments: [Damage.truncated, .middleBitFlipped, .sectorZeroed])
  func `without the tail file, what is not whole at the end is cut and its copy kept`(
    damage: Damage
  ) throws {
    let name = TortureSample.text(.last)
    let original = sample.bytes(name)
    for position in damage.positions(in: original, every: 5) {
      let survivors = sample.survivors(
        in: damage.wholeParts(of: original, at: position), of: .last)
      try expect(
        [name: damage.applied(to: original, at: position), "tail": []], at: .last,
        missing: sample.sequences(.last).subtracting(survivors), "\(damage) at \(position)")
    }
  }

  @Test(arguments: Junk.allCases, TortureSample.Place.allCases)
  func `what stands behind the last record of a segment is no event`(
    junk: Junk, place: TortureSample.Place
  ) throws {
    let name = TortureSample.text(place)
    let bytes = sample.bytes(name) + (try sample.junk(junk, behind: place))
    try expect([name: bytes], at: place, missing: [], "\(junk)")
  }

  @Test(arguments: TortureSample.Place.allCases)
  func `a record of another queue in the place of one is no event`(
    place: TortureSample.Place
  ) throws {
    for (number, sequence) in sample.sequences(place).sorted().enumerated() {
      var bytes = sample.bytes(TortureSample.text(place))
      bytes.replaceSubrange(
        sample.range(number, of: place), with: try sample.foreignRecord(sequence))
      try expect(
        [TortureSample.text(place): bytes], at: place, missing: [sequence], "event \(sequence)")
    }
  }

  @Test func `the next segment's first record in a sealed one does no harm`() throws {
    let name = TortureSample.text(.sealed)
    let bytes = sample.bytes(name) + sample.record(0, of: .last)
    try expect([name: bytes], at: .sealed, missing: [], "twice")
  }

  // MARK: - What is derived

  @Test(arguments: Damage.allCases, TortureSample.Place.allCases)
  func `whatever happens to an index, the same events are read`(
    damage: Damage, place: TortureSample.Place
  ) throws {
    let name = TortureSample.index(place)
    let original = sample.bytes(name)
    for position in damage.positions(in: original, every: 13) {
      try expect(
        [name: damage.applied(to: original, at: position)], at: place, missing: [],
        "\(damage) at \(position)")
    }
  }

  @Test(arguments: Damage.allCases)
  func
    `whatever happens to the tail file while nobody has the queue open, the same events are read`(
      damage: Damage
    ) throws
  {
    let original = sample.bytes("tail")
    // The cells that are in use, and the end.
    let positions = damage.positions(in: Array(original[..<272]), every: 13) + [original.count - 1]
    for position in positions {
      try expect(
        ["tail": damage.applied(to: original, at: position)], at: .last, missing: [],
        "\(damage) at \(position)")
    }
  }

  @Test func `a tail file of any bytes is made anew`() throws {
    var random = SeededGenerator()
    for count in [0, 1, 8, 64, 4095, 4096, 4097, 9000] {
      for _ in 0..<5 {
        let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        try expect(
          ["tail": bytes], at: .last, missing: [],
          "\(count) bytes; WEIR_SEED=\(SeededGenerator.seed) replays this")
      }
    }
  }

  // MARK: - While the queue is open

  @Test(arguments: Damage.allCases, TortureSample.Place.allCases)
  func `a segment that is damaged under its readers never gives a wrong event`(
    damage: Damage, place: TortureSample.Place
  ) throws {
    try restore()
    let queue = try fixture.open()
    let name = TortureSample.text(place)
    let original = sample.bytes(name)
    let whole = Set(sample.events)
    for position in damage.positions(in: original, every: 5) {
      try fixture.directory.overwrite(name, with: damage.applied(to: original, at: position))
      let survivors = sample.survivors(
        in: damage.wholeParts(of: original, at: position), of: place)
      do {
        let reading = try withDeadline { try Reading(queue) }
        #expect(Set(reading.events).isSubset(of: whole), "\(damage) at \(position)")
        let missing = sample.sequences(place).subtracting(survivors)
        #expect(reading.missing(upTo: sample.next) == missing, "\(damage) at \(position)")
      } catch QueueError.damaged {
        #expect(place == .last, "\(damage) at \(position): a sealed segment has a next one")
      }
    }
  }

  @Test func `a record of another queue that stands in a segment under its readers is no event`()
    throws
  {
    try restore()
    let queue = try fixture.open()
    var bytes = sample.bytes(TortureSample.text(.last))
    bytes.replaceSubrange(sample.range(1, of: .last), with: try sample.foreignRecord(5))
    try fixture.directory.overwrite(TortureSample.text(.last), with: bytes)
    let reading = try Reading(queue)
    #expect(Set(reading.events).isSubset(of: sample.events))
    #expect(reading.gaps == [5..<6])
  }

  // MARK: - The expectations

  private func restore(_ changed: [String: [UInt8]] = [:]) throws {
    try fixture.directory.empty()
    for (name, bytes) in sample.files.merging(changed, uniquingKeysWith: { $1 }) {
      try fixture.directory.overwrite(name, with: bytes)
    }
  }

  /// Puts `changed` in the place of files, and expects that a reader gets all events but `missing`,
  /// is told of those, and that the queue works on.
  private func expect(
    _ changed: [String: [UInt8]], at place: TortureSample.Place, missing: Set<UInt64>,
    _ comment: Comment
  ) throws {
    try restore(changed)
    let fixture = fixture
    let outcome: (first: Opening, second: Opening)
    do {
      outcome = try withDeadline {
        (try Opening(fixture), try Opening(fixture, appending: "new"))
      }
    } catch let error as DeadlinePassed {
      // There are too many cases to wait for each of them.
      Issue.record("\(comment): \(error)")
      throw error
    } catch {
      Issue.record("\(comment): \(error)")
      return
    }
    let opening = outcome.first
    let events = sample.events.filter { !missing.contains($0.sequence) }
    #expect(opening.reading.events == events, comment)
    #expect(opening.reading.missing(upTo: sample.next) == missing, comment)
    for (sequence, reading) in opening.readings {
      #expect(
        reading.events == events.filter { $0.sequence >= sequence }, "\(comment), \(sequence)")
      #expect(
        reading.missing(upTo: sample.next).isSuperset(of: missing.filter { $0 >= sequence }),
        "\(comment), from \(sequence)")
      #expect(
        reading.missing(upTo: sample.next).isSubset(of: missing), "\(comment), from \(sequence)")
    }
    expectNothingIsLost(changed, at: place, opening, outcome.second, comment)
    #expect(outcome.second.reading.events == events, "\(comment), opened again")
    #expect(outcome.second.reading.gaps == opening.reading.gaps, "\(comment), opened again")
    #expect(outcome.second.tornByteCount == 0, "\(comment), opened again")
    #expect(outcome.second.appended == opening.reading.next, comment)
    #expect(
      outcome.second.readingAfter?.events.dropLast() == events[...]
        && outcome.second.readingAfter?.events.last?.sequence == opening.reading.next, comment)
  }

  /// Every byte is where it was, or, from the end of the last segment, in a copy, also after an append.
  private func expectNothingIsLost(
    _ changed: [String: [UInt8]], at place: TortureSample.Place, _ opening: Opening,
    _ reopening: Opening, _ comment: Comment
  ) {
    guard let bytes = changed[TortureSample.text(place)] else {
      #expect(opening.tornByteCount == 0, comment)
      return
    }
    let left = opening.texts[place] ?? []
    #expect(bytes.starts(with: left), comment)
    let cut = Array(bytes[left.count...])
    #expect(opening.tornByteCount == cut.count, comment)
    if place == .sealed { #expect(cut.isEmpty, comment) }
    if !cut.isEmpty { #expect(opening.copies == [cut], comment) }
    let kept = zip(bytes, reopening.texts[place] ?? []).prefix { $0 == $1 }.count
    #expect(
      kept == bytes.count
        || reopening.copies.contains {
          $0.count >= bytes.count - kept && bytes.suffix($0.count) == $0[...]
        }, "\(comment), after an append")
  }
}

/// What came of opening a queue and reading it from everywhere.
private struct Opening: Sendable {
  let reading: Reading
  let readings: [UInt64: Reading]
  let tornByteCount: Int
  /// The segments' texts afterwards.
  let texts: [TortureSample.Place: [UInt8]]
  /// The copies of what was cut.
  let copies: [[UInt8]]
  var appended: UInt64?
  var readingAfter: Reading?

  init(_ fixture: QueueFixture, appending text: String? = nil) throws {
    let queue = try fixture.open()
    // One reader, whose files stay open, because opening files is what takes the time.
    var reader = QueueReader(queue)
    func read(from sequence: UInt64) throws -> Reading {
      var cursor = try reader.cursor(at: sequence)
      return try Reading(queue, &reader, &cursor)
    }
    reading = try read(from: 1)
    var readings: [UInt64: Reading] = [:]
    if text == nil {
      for sequence in 2...6 as ClosedRange<UInt64> { readings[sequence] = try read(from: sequence) }
    }
    self.readings = readings
    tornByteCount = queue.recovery.tornByteCount
    if let text {
      var appender = try Appender(queue)
      appended = try appender.append([fixture.pending(text)])[0].sequence
      readingAfter = try Reading(queue)
    }
    texts = try Dictionary(
      uniqueKeysWithValues: TortureSample.Place.allCases.map {
        ($0, try fixture.directory.bytes(TortureSample.text($0)))
      })
    copies = try QueueDirectory(path: fixture.path).quarantined()
      .map { try fixture.directory.bytes($0) }
  }
}
