import FileQueue
import Kernel
import Synchronization

/// Tells what the queue holds of its topics, from a thread of its own: it may have to read for long.
///
/// Any thread asks. What was found is told again for a second.
final class TopicDesk: Sendable {
  /// Told once, on the desk's thread.
  typealias Completion = @Sendable (Result<TopicPage, QueueError>) -> Void

  private struct State {
    var waiting: [(query: TopicQuery, completion: Completion)] = []
    var isStopped = false
  }

  private let state = Mutex(State())
  private let waker: Waker
  private let thread = Mutex<Thread?>(nil)

  init(_ queue: Queue) throws {
    waker = try Waker()
    let started = try Thread.owning(name: "topics", state: { TopicListing(queue) }) {
      [self] listing in run(listing)
    }
    thread.withLock { $0 = started }
  }

  func ask(_ query: TopicQuery, _ completion: @escaping Completion) {
    let countMaximum = HubLimits.waitingTopicQueryCountMaximum
    let (refusal, isFirst): (QueueError?, Bool) = state.withLock { state in
      if state.isStopped { return (.stopped, false) }
      guard state.waiting.count < countMaximum else {
        return (.stalled(waiterCount: countMaximum), false)
      }
      state.waiting.append((query, completion))
      return (nil, state.waiting.count == 1)
    }
    if let refusal { completion(.failure(refusal)) }
    if isFirst { waker.ring() }
  }

  /// Ends the thread, after the question that it is at; who waits is told so.
  func stop() {
    state.withLock { $0.isStopped = true }
    waker.ring()
    if let thread = thread.withLock({ $0.take() }) { thread.join() }
  }

  private func run(_ listing: consuming TopicListing) {
    var listing = listing
    var known: [TopicQuery: (page: TopicPage, until: Int64)] = [:]
    while true {
      let (waiting, isStopped) = state.withLock { state in
        defer { state.waiting = [] }
        return (state.waiting, state.isStopped)
      }
      for (query, completion) in waiting {
        if state.withLock({ $0.isStopped }) {
          completion(.failure(.stopped))
          continue
        }
        let now = Clock.monotonicNanoseconds()
        known = known.filter { $0.value.until > now }
        if let page = known[query]?.page {
          completion(.success(page))
          continue
        }
        do throws(QueueError) {
          let page = try listing.page(query)
          let until =
            Clock.monotonicNanoseconds() + HubLimits.topicPageAgeMaximum.wholeNanoseconds
          if known.count < HubLimits.rememberedTopicPageCountMaximum {
            known[query] = (page, until)
          }
          completion(.success(page))
        } catch {
          completion(.failure(error))
        }
      }
      if isStopped { return }
      if waiting.isEmpty { _ = try? waker.wait() }
    }
  }
}
