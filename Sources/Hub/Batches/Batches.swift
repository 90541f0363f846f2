import FastCGI
import Figures
import FileQueue
import Kernel
import Synchronization

/// Publishes bodies of one event a line, of any length, in flat memory; a thread of its own reads the lines.
///
/// What waits is bounded on the whole way: a batch has one piece on its way to the disk and reads the next
/// meanwhile; what its front may hand on then is little; and then the front reads no more, nor does the web
/// server, and the sender waits.
final class Batches: Sendable {
  enum Letter: Sendable {
    case opened(BatchSink, BatchRequest)
    case piece([UInt8], UInt64)
    case ended(UInt64)
    case drained(UInt64)
    case abandoned(UInt64)
    case stopped(UInt64)
    case written(UInt64, byteCount: Int, sentAt: Int64, Result<[AppendOutcome], QueueError>)
    case finish
  }

  private let mailbox: Mailbox<Letter>
  private let places: BatchPlaces
  private let lastNumber = Atomic<UInt64>(0)
  private let thread: Thread

  /// Starts the thread.
  init(_ queue: Queue, _ committer: Committer, _ counters: Counters) throws {
    let waker = try Waker()
    let mailbox = Mailbox<Letter>(waker: waker)
    self.mailbox = mailbox
    let places = BatchPlaces()
    self.places = places
    thread = try Thread(name: "batches") {
      var loop = BatchLoop(queue, committer, counters, mailbox, waker, places)
      loop.run()
    }
  }

  /// Begins a batch; any thread may.
  ///
  /// - Throws: where there are as many as there may be.
  func open(_ request: BatchRequest, _ exchange: Exchange) throws(Problem) -> BatchSink {
    guard places.take() else {
      throw Problem(
        status: 503, code: .queueBusy,
        detail: "\(HubLimits.batchCountMaximum) batches are published at once, as many as there "
          + "may be: send it again later", retryAfterSeconds: 1)
    }
    let sink = BatchSink(
      batch: lastNumber.add(1, ordering: .relaxed).newValue, exchange: exchange, places: places,
      mailbox: mailbox)
    mailbox.post(.opened(sink, request))
    return sink
  }

  /// Ends the thread; once, when no front is left that could hand anything on.
  func stop() {
    mailbox.post(.finish)
    thread.join()
  }
}

/// How many batches are open, and how much of their bodies waits to be read; any thread asks.
final class BatchPlaces: Sendable {
  private let takenCount = Atomic(0)
  private let inputByteCount = Atomic(0)

  /// Takes a place; false where there is none.
  func take() -> Bool {
    if takenCount.add(1, ordering: .relaxed).newValue <= HubLimits.batchCountMaximum { return true }
    giveBack()
    return false
  }

  /// Counts bytes that wait to be read; returns how many there are then, of all batches.
  func addInput(_ byteCount: Int) -> Int {
    inputByteCount.add(byteCount, ordering: .relaxed).newValue
  }

  /// Gives a place back that was taken.
  func giveBack() {
    takenCount.subtract(1, ordering: .relaxed)
  }
}
