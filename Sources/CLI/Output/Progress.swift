import FileQueue
import Kernel
import Synchronization

/// How far long work has come: a line on standard error that is written over and over, and is gone at the
/// end.
///
/// Only on a terminal that can write over a line. Belongs to one thread; a process shows one at a time.
final class Progress {
  /// The line is written anew at most so often.
  static let interval: Duration = .milliseconds(100)
  /// Work that is done sooner shows nothing.
  static let patience: Duration = .milliseconds(500)

  /// What is counted.
  enum Unit {
    case bytes, events

    func text(_ count: Int) -> String {
      switch self {
      case .bytes: Amounts.bytes(UInt64(max(count, 0)))
      case .events: Amounts.events(max(count, 0))
      }
    }
  }

  private static let isShown = Atomic(false)

  private var name: String
  private var expected: Int?
  private let unit: Unit
  private let isOn: Bool
  private var begin = Clock.monotonicNanoseconds()
  private var due: Int64
  private var done = 0

  /// Shows nothing yet.
  ///
  /// - Parameters:
  ///   - name: what is done, in a word.
  ///   - expected: how much there will be, where that is known.
  ///   - isQuiet: whether nobody wants to see it.
  init(_ name: String, of expected: Int?, _ unit: Unit = .bytes, isQuiet: Bool) {
    self.name = name
    self.unit = unit
    self.expected = expected
    due = begin + Self.patience.wholeNanoseconds
    isOn = !isQuiet && StandardStream.error.isTerminal && Self.canWriteOver
  }

  deinit { Self.clear() }

  private static var canWriteOver: Bool {
    Environment["TERM"].map { $0 != "dumb" } ?? false
  }

  /// Takes the line away, before anything else is written to the terminal.
  static func clear() {
    guard isShown.exchange(false, ordering: .relaxed) else { return }
    try? StandardStream.error.writeAll(Array("\r\u{1B}[K".utf8).span)
  }

  /// Notes how far a copy of a queue is.
  func show(_ step: CopyStep) {
    switch step {
    case .copied(let count, let total):
      expected = total
      show(count)
    case .checked(let count, let total):
      if name != Self.checking {
        name = Self.checking
        begin = Clock.monotonicNanoseconds()
      }
      expected = total
      show(count)
    }
  }

  private static let checking = "check"

  /// Notes so much more.
  func add(_ more: Int) { show(done + more) }

  /// Notes how much is done.
  ///
  /// - Parameter eventCount: events, where bytes are counted and the events are known.
  func show(_ done: Int, eventCount: Int? = nil) {
    self.done = done
    guard isOn else { return }
    let now = Clock.monotonicNanoseconds()
    guard now >= due else { return }
    due = now + Self.interval.wholeNanoseconds
    let text = line(
      eventCount: eventCount, seconds: max(Double(now - begin) / 1_000_000_000, 0.001))
    // A line that is longer than the terminal is wide could not be taken away.
    let width = (StandardStream.error.columnCount ?? 80) - 1
    Self.isShown.store(true, ordering: .relaxed)
    try? StandardStream.error.writeAll(Array("\r\(text.prefix(max(width, 1)))\u{1B}[K".utf8).span)
  }

  private func line(eventCount: Int?, seconds: Double) -> String {
    var parts: [String] = []
    if let eventCount { parts.append(Amounts.events(eventCount)) }
    if let expected, expected > 0 {
      let percent = min(done, expected) * 100 / expected
      parts.append("\(unit.text(done)) of \(unit.text(expected)) (\(percent) %)")
    } else if eventCount == nil || done > 0 {
      parts.append(unit.text(done))
    }
    let rate = Double(eventCount ?? done) / seconds
    parts.append("\((eventCount == nil ? unit : .events).text(Int(rate)))/s")
    if let expected, done > 0, done < expected {
      let left = Double(expected - done) * seconds / Double(done)
      parts.append("\(Amounts.duration(Int(left.rounded(.up)))) left")
    }
    return "\(name): " + parts.joined(separator: ", ")
  }
}
