package import FileQueue
package import Kernel
import Synchronization
package import SystemPackage

/// The pages of all workers on a queue: writes this worker's, on a thread of its own, and reads all.
///
/// A disk that stands still holds up that thread alone. Without a page, or while it can't be written,
/// the worker counts in memory. Any thread may read.
package final class WorkerPages: Sendable {
  private struct State {
    /// Which page is this worker's; nil where it has none.
    var number: Int?
    /// What was written last, which a worker that takes the page over goes on from: as long as it can
    /// be written nobody is told more, or the counts would fall when this worker dies.
    var told = PageValues()
    var isStopped = false
  }

  private let folder: FilePath
  private let counters: Counters
  private let report: @Sendable (String) -> Void
  private let waker: Waker
  private let state = Mutex(State())
  private let thread = Mutex<Thread?>(nil)

  /// Takes a page and starts the thread.
  ///
  /// - Parameters:
  ///   - counters: nobody else has added to them yet.
  ///   - report: told, on whichever thread, why the counters are in memory only.
  package init(
    _ folder: FilePath, _ counters: Counters, durability: Durability,
    report: @escaping @Sendable (String) -> Void
  ) throws(SystemCallError) {
    self.folder = folder
    self.counters = counters
    self.report = report
    waker = try Waker()
    counters.set(PageLayout.startedAtCell, to: UInt64(max(0, Clock.unixMilliseconds())))
    let place = Durability.allCases.firstIndex(of: durability) ?? 0
    counters.set(PageLayout.durabilityCell, to: UInt64(place))
    do {
      let started = try Thread.owning(name: "counters", state: { [self] in try takePage() }) {
        [self] page in keep(page)
      }
      thread.withLock { $0 = started }
    } catch let error as SystemCallError {
      report(error.descriptionWithAdvice)
    } catch {
      report("\(error)")
    }
  }

  /// What each worker has counted that has ever had a page, this one among them, by the number of
  /// the page; a page that cannot be read is left out.
  package func read() -> [WorkerFigures] {
    let (number, told) = state.withLock { ($0.number, $0.told) }
    var figures: [WorkerFigures] = []
    for other in 0..<FigureLimits.workerCountMaximum where other != number {
      if let page = try? WorkerFigures(number: other, in: folder) { figures.append(page) }
    }
    figures.append(
      WorkerFigures(
        number: number ?? FigureLimits.workerCountMaximum, isAlive: true,
        values: number == nil ? counters.values : told))
    return figures.sorted { $0.number < $1.number }
  }

  /// Writes the page a last time and ends the thread; once, when nobody counts any more.
  package func stop() {
    state.withLock { $0.isStopped = true }
    waker.ring()
    if let thread = thread.withLock({ $0.take() }) { thread.join() }
  }

  // MARK: - The thread

  private struct AllPagesTaken: Error, CustomStringConvertible {
    var description: String {
      "\(FigureLimits.workerCountMaximum) workers on the queue have a page already"
    }
  }

  private func takePage() throws -> WorkerPage {
    guard let page = try WorkerPage.take(in: folder) else { throw AllPagesTaken() }
    var values = counters.values
    for cell in PageLayout.countCells { values[cell] = page.left[cell] }
    // Before they count here: a page that was not taken over counts for itself.
    try page.write(values)
    for cell in PageLayout.countCells { counters.set(cell, to: page.left[cell]) }
    let number = page.number
    state.withLock { ($0.number, $0.told) = (number, values) }
    return page
  }

  private func keep(_ page: borrowing WorkerPage) {
    var hasFailed = false
    var failures = FailureReports()
    while true {
      _ = try? waker.wait(timeout: FigureLimits.pageInterval)
      let isStopped = state.withLock(\.isStopped)
      let values = counters.values
      if values != state.withLock(\.told) || hasFailed {
        do throws(SystemCallError) {
          try page.write(values)
          hasFailed = false
        } catch {
          let now = Clock.monotonicNanoseconds()
          let text = failures.report(error.descriptionWithAdvice, now: now)
          if let text { report(text) }
          hasFailed = true
        }
        state.withLock { $0.told = values }
      }
      if isStopped { return }
    }
  }
}
