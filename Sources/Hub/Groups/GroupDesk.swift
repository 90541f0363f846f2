import FileQueue
import Kernel
import Synchronization

/// Tells how all groups are, from a thread of its own: a thousand of them are a thousand files, which neither a front
/// nor who brings groups forward has the time for.
///
/// Any thread asks. Those who ask while files are read are told together, of the next reading.
final class GroupDesk: Sendable {
  /// The queue, and its groups.
  struct Figures: Sendable {
    let queue: QueueFigures
    /// By their names.
    var groups: [GroupFigures]
    /// How many there are.
    let count: Int
  }

  /// Told once, on the desk's thread.
  typealias Completion = @Sendable (Result<Figures, GroupError>) -> Void

  private struct State {
    var waiting: [(countMaximum: Int, completion: Completion)] = []
    var isStopped = false
  }

  private let queue: Queue
  private let state = Mutex(State())
  private let waker: Waker
  private let thread = Mutex<Thread?>(nil)

  init(_ queue: Queue) throws(SystemCallError) {
    self.queue = queue
    waker = try Waker()
    let started = try Thread(name: "group-desk") { [self] in run() }
    thread.withLock { $0 = started }
  }

  /// Asks for the first groups by their names, so many at most.
  func ask(countMaximum: Int = .max, _ completion: @escaping Completion) {
    let limit = HubLimits.waitingGroupQueryCountMaximum
    let (refusal, isFirst): (QueueError?, Bool) = state.withLock { state in
      if state.isStopped { return (.stopped, false) }
      guard state.waiting.count < limit else { return (.stalled(waiterCount: limit), false) }
      state.waiting.append((countMaximum, completion))
      return (nil, state.waiting.count == 1)
    }
    if let refusal { completion(.failure(.queue(refusal))) }
    if isFirst { waker.ring() }
  }

  /// Ends the thread, once who waits is told.
  func stop() {
    state.withLock { $0.isStopped = true }
    waker.ring()
    if let thread = thread.withLock({ $0.take() }) { thread.join() }
  }

  private func run() {
    while true {
      let (waiting, isStopped) = state.withLock { state in
        defer { state.waiting = [] }
        return (state.waiting, state.isStopped)
      }
      if let most = waiting.map(\.countMaximum).max() {
        let result = Result { () throws(GroupError) in try read(most) }
        for (countMaximum, completion) in waiting {
          completion(
            result.map { figures in
              var figures = figures
              figures.groups = Array(figures.groups[..<min(countMaximum, figures.groups.count)])
              return figures
            })
        }
      }
      if isStopped { return }
      if waiting.isEmpty { _ = try? waker.wait() }
    }
  }

  private func read(_ countMaximum: Int) throws(GroupError) -> Figures {
    let figures: QueueFigures
    do throws(QueueError) { figures = try queue.figures() } catch { throw .queue(error) }
    let names = try queue.groups.names()
    return Figures(
      queue: figures,
      groups: try queue.groups.figures(of: names[..<min(countMaximum, names.count)], in: figures),
      count: names.count)
  }
}
