/// Keeps an error that lasts from flooding the log: each kind is told once, and then once an hour with how
/// often it came.
///
/// A kind that has not come for a while is over, and is told anew. A value that belongs to one thread.
public struct FailureReports: Sendable {
  private struct Kind {
    var untoldCount = 0
    var toldAt: Int64
    var cameAt: Int64
  }

  /// An error that lasts is told so often.
  public static let interval: Duration = .seconds(3600)
  /// One that has not come for so long is over.
  public static let quietInterval: Duration = .seconds(60)
  /// Kinds that are told apart.
  static let kindCountMaximum = 64

  private var kinds: [String: Kind] = [:]

  /// None so far.
  public init() {}

  /// What to log of an error; nil where its kind was told lately.
  ///
  /// - Parameters:
  ///   - text: what to log of it.
  ///   - kind: what makes it the same as one before; its text if nothing else is named.
  ///   - now: monotonic nanoseconds.
  public mutating func report(_ text: String, kind: String? = nil, now: Int64) -> String? {
    let kind = kind ?? text
    if kinds.count >= Self.kindCountMaximum, kinds[kind] == nil { kinds = [:] }
    guard var known = kinds[kind],
      now - known.cameAt <= Self.quietInterval.wholeNanoseconds
    else {
      kinds[kind] = Kind(toldAt: now, cameAt: now)
      return text
    }
    defer { kinds[kind] = known }
    known.cameAt = now
    known.untoldCount += 1
    guard now - known.toldAt >= Self.interval.wholeNanoseconds else { return nil }
    defer { known = Kind(toldAt: now, cameAt: now) }
    return "\(text) (\(known.untoldCount) times in \(Self.interval.inWords))"
  }
}
