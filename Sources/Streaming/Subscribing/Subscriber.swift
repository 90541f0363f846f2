import FastCGI
import Figures
import FileQueue
import Kernel

/// One open stream; belongs to its stream loop.
final class Subscriber {
  /// How far the subscriber is.
  enum State {
    /// Gets what comes, from this sequence on, once the loop's feed is there.
    case joining(at: UInt64)
    /// Has everything that the loop's feed has read; stands in its audience's list.
    case live(slot: Int)
    /// Reads from the queue at its own pace, from here.
    case behind(Place)
    /// The socket is full: the rest of a frame has to go first, then it goes on from there.
    case blocked(Frame, sentByteCount: Int, then: Continuation)
    /// The queue could not be read for it: a timer lets it go on from there.
    case pausing(then: Continuation)
    /// Its events come from a demo source, the next one at that time, monotonic nanoseconds.
    case playing(DemoSource, nextAt: Int64)
    /// Closed; the loop has forgotten it.
    case closed
  }

  /// What a subscriber does when its socket has taken a frame.
  enum Continuation {
    case join(at: UInt64)
    case catchUp(from: Place)
    case play(DemoSource, nextAt: Int64)
  }

  /// Where a subscriber is that reads from the queue.
  enum Place {
    /// Before an event.
    case event(Cursor)
    /// In an event that is too large for one frame; so many bytes of it are sent.
    case inside(RecordBody, sentByteCount: Int)
  }

  let connection: StreamConnection
  private let slot: StreamSlot
  let token: EpollToken
  let remoteAddress: String
  let openedAt: Int64
  /// When it is too old, monotonic nanoseconds.
  var endsAt = Int64.max
  let audience: Audience
  /// The first event that is not of its past, but was published after it came.
  let joinsAt: UInt64
  /// Whether it is live, or reads what a live one does not get with the others.
  var keepsUp = false
  var state: State {
    didSet { counts.move(from: oldValue.count, to: state.count) }
  }
  private let counts: LoopCounts
  /// The last id that it surely has.
  var toldSequence: UInt64?
  /// When the queue may be read again for this subscriber after it could not be.
  var readPause = ReadPause()

  init(
    _ connection: consuming StreamConnection, slot: StreamSlot, token: EpollToken,
    remoteAddress: String, audience: Audience, joinsAt: UInt64, counts: LoopCounts
  ) {
    self.connection = connection
    self.slot = slot
    self.token = token
    self.remoteAddress = remoteAddress
    self.audience = audience
    self.joinsAt = joinsAt
    state = .joining(at: joinsAt)
    self.counts = counts
    openedAt = Clock.monotonicNanoseconds()
    counts.move(from: nil, to: state.count)
  }
}

extension Subscriber.State {
  /// Where streams of this state are counted.
  fileprivate var count: LoopCount? {
    switch self {
    case .joining: .streamsJoining
    case .live: .streamsLive
    case .behind: .streamsBehind
    case .blocked: .streamsBlocked
    case .pausing: .streamsPausing
    case .playing: .streamsPlaying
    case .closed: nil
    }
  }
}
