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
    /// Has all that its group has given it.
    case waiting
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
    /// It has got all it asked for, and been told that this is the end.
    case close
  }

  /// Where a subscriber is that reads from the queue.
  enum Place {
    /// Before an event.
    case event(Cursor)
    /// In an event that is too large for one frame; so many bytes of it are sent.
    case inside(RecordBody, sentByteCount: Int)
    /// Before the next of the events that its group has given it.
    case assigned
  }

  /// What is sent first, in one of two ways.
  struct HeldOpening {
    /// The opening of a stream.
    let frame: Frame
    /// Records to send instead where there is nothing for the stream.
    let instead: [UInt8]
  }

  /// What few subscribers have: the others pay one reference for it.
  private final class Specials {
    var last: LastEvents?
    var pageItemCount: Int?
    var heldOpening: HeldOpening?
    var permit: StreamPermit?
  }

  let connection: StreamConnection
  private let slot: StreamSlot
  let token: EpollToken
  let remoteAddress: String
  let openedAt: Int64
  /// When it is too old, or its permit ends, monotonic nanoseconds.
  var endsAt = Int64.max
  let audience: Audience
  /// Its part in a group; nil for one that gets everything.
  var membership: Membership?
  /// The first event that is not of its past, but was published after it came.
  let joinsAt: UInt64
  /// Whether it ends where others go on with what was published after they came.
  let isPoll: Bool
  /// Whether it may be told an id in a block without data.
  let takesIDBlocks: Bool
  /// Whether it is still to be told that what comes is now.
  var owesLive: Bool
  private var specials: Specials?
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
    _ connection: consuming StreamConnection, _ arrival: Arrival, token: EpollToken,
    audience: Audience, counts: LoopCounts
  ) {
    self.connection = connection
    self.token = token
    self.audience = audience
    slot = arrival.slot
    remoteAddress = arrival.remoteAddress
    joinsAt = arrival.joinsAt
    switch arrival.source {
    case .queue(let request):
      isPoll = request.isPoll
      owesLive = request.signals.contains(.live)
      takesIDBlocks = arrival.takesIDBlocks && request.format == .eventStream
    case .group:
      // Its group says when nothing is left.
      isPoll = false
      owesLive = false
      takesIDBlocks = false
    case .demo:
      isPoll = false
      owesLive = false
      takesIDBlocks = arrival.takesIDBlocks
    }
    state = .joining(at: joinsAt)
    self.counts = counts
    openedAt = Clock.monotonicNanoseconds()
    counts.move(from: nil, to: state.count)
    switch arrival.source {
    case .queue(let request), .group(_, let request):
      if request.format == .page { pageItemCount = 0 }
    case .demo: break
    }
    permit = arrival.permit
  }

  /// What it gets before anything else.
  var last: LastEvents? {
    get { specials?.last }
    set { setSpecial(\.last, newValue) }
  }

  /// What is in the page of JSON that it gets; nil for one that gets no page.
  var pageItemCount: Int? {
    get { specials?.pageItemCount }
    set { setSpecial(\.pageItemCount, newValue) }
  }

  /// The beginning of its answer, which is held back until there is something for it: its topics have ended.
  var heldOpening: HeldOpening? {
    get { specials?.heldOpening }
    set { setSpecial(\.heldOpening, newValue) }
  }

  /// What lets it read what it asks for; nil where everybody may.
  private(set) var permit: StreamPermit? {
    get { specials?.permit }
    set { setSpecial(\.permit, newValue) }
  }

  private func setSpecial<Value>(
    _ path: ReferenceWritableKeyPath<Specials, Value?>, _ value: Value?
  ) {
    if specials == nil {
      if value == nil { return }
      specials = Specials()
    }
    specials?[keyPath: path] = value
  }

  /// Where it goes on with what was published after it came.
  var beginning: Place { .event(Cursor(before: joinsAt)) }

  /// The event before which it has everything that it asked for; nil where it is in the middle of something.
  var place: UInt64? {
    switch state {
    case .joining(let sequence): sequence
    case .behind(.event(let cursor)), .pausing(then: .catchUp(from: .event(let cursor))):
      last == nil ? cursor.sequence : nil
    case .live, .waiting, .behind, .blocked, .pausing, .playing, .closed: nil
    }
  }
}

extension Subscriber.State {
  /// Where streams of this state are counted.
  fileprivate var count: LoopCount? {
    switch self {
    case .joining: .streamsJoining
    case .live, .waiting: .streamsLive
    case .behind: .streamsBehind
    case .blocked: .streamsBlocked
    case .pausing: .streamsPausing
    case .playing: .streamsPlaying
    case .closed: nil
    }
  }
}
