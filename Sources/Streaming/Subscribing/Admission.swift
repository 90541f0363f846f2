package import Figures
import Kernel
import Synchronization

/// Decides whether a request may become a stream; all fronts of a worker share it.
///
/// Any thread may use it; its lock is held for some nanoseconds when a stream opens and when it closes.
package final class Admission: Sendable {
  /// How many streams there may be.
  package struct Limits: Sendable {
    /// At once.
    package var streamCountMaximum: Int
    /// At once of one address; nil for no limit.
    package var streamsPerAddressCountMaximum: Int?
    /// That begin in a second; nil for no limit.
    package var newStreamsPerSecondMaximum: Int?

    /// Nobody is refused who is within these.
    package init(
      streamCountMaximum: Int = .max, streamsPerAddressCountMaximum: Int? = nil,
      newStreamsPerSecondMaximum: Int? = nil
    ) {
      self.streamCountMaximum = streamCountMaximum
      self.streamsPerAddressCountMaximum = streamsPerAddressCountMaximum
      self.newStreamsPerSecondMaximum = newStreamsPerSecondMaximum
    }
  }

  /// The answer to one who wants a stream.
  package enum Verdict {
    /// It may be one for as long as the slot is held.
    case admitted(StreamSlot)
    /// It may not; after how many nanoseconds to come back, where that can be told.
    case refused(StreamRefusal, returnDelay: Int64?)
  }

  private struct Counts {
    var streamCount = 0
    var perAddress: [InternetAddress: Int] = [:]
    var rate: ArrivalRate?
    var limits: Limits
  }

  private let counts: Mutex<Counts>

  /// No streams yet.
  package init(_ limits: Limits) {
    counts = Mutex(
      Counts(rate: limits.newStreamsPerSecondMaximum.map(ArrivalRate.init), limits: limits))
  }

  /// How many streams there may be.
  ///
  /// Streams that are there stay when there may be fewer. Those that came before addresses were limited
  /// are not counted by theirs.
  package var limits: Limits {
    get { counts.withLock { $0.limits } }
    set {
      counts.withLock { counts in
        if counts.limits.newStreamsPerSecondMaximum != newValue.newStreamsPerSecondMaximum {
          counts.rate = newValue.newStreamsPerSecondMaximum.map(ArrivalRate.init)
        }
        counts.limits = newValue
      }
    }
  }

  /// How many streams there are.
  var streamCount: Int { counts.withLock { $0.streamCount } }

  /// Asks for a stream at `now`, monotonic nanoseconds.
  ///
  /// - Parameter remoteAddress: the client's, as the web server gives it; what is no internet address,
  ///   such as that of a unix socket, is nobody's and not counted by address.
  package func admit(_ remoteAddress: String, now: Int64) -> Verdict {
    let address =
      limits.streamsPerAddressCountMaximum == nil ? nil : InternetAddress(remoteAddress)
    let refusal = counts.withLock { counts -> Verdict? in
      if let address, let maximum = counts.limits.streamsPerAddressCountMaximum,
        counts.perAddress[address, default: 0] >= maximum
      {
        return .refused(.address, returnDelay: nil)
      }
      if counts.streamCount >= counts.limits.streamCountMaximum {
        return .refused(.total, returnDelay: nil)
      }
      if let delay = counts.rate?.take(now: now) { return .refused(.rate, returnDelay: delay) }
      counts.streamCount += 1
      if let address { counts.perAddress[address, default: 0] += 1 }
      return nil
    }
    return refusal ?? .admitted(StreamSlot(self, address: address))
  }

  /// Takes back what a slot stood for; called by the slot alone.
  func release(_ address: InternetAddress?) {
    counts.withLock { counts in
      counts.streamCount -= 1
      guard let address, let count = counts.perAddress[address] else { return }
      counts.perAddress[address] = count > 1 ? count - 1 : nil
    }
  }
}
