import FastCGI
import Kernel
import Synchronization

/// The way of a batch's body from its front to the thread of ``Batches``, with a limit of what is on it.
final class BatchSink: BodySink {
  private struct Way {
    var byteCount = 0
    var isFull = false
    /// Whether nothing is counted any more.
    var isClosed = false
  }

  let batch: UInt64
  let exchange: Exchange
  private let way = Mutex(Way())
  private let places: BatchPlaces
  private let mailbox: Mailbox<Batches.Letter>

  init(
    batch: UInt64, exchange: Exchange, places: BatchPlaces, mailbox: Mailbox<Batches.Letter>
  ) {
    self.batch = batch
    self.exchange = exchange
    self.places = places
    self.mailbox = mailbox
  }

  func take(_ piece: [UInt8]) -> Bool {
    let byteCount = piece.count + HubLimits.batchInputPieceByteCountOverhead
    let isFull = way.withLock { way in
      if way.isClosed { return false }
      way.byteCount += byteCount
      way.isFull =
        places.addInput(byteCount) >= HubLimits.batchInputsByteCountMaximum
        || way.byteCount >= HubLimits.batchInputByteCountMaximum
      return way.isFull
    }
    mailbox.post(.piece(piece, batch))
    return !isFull
  }

  /// Notes that a piece has been read; the thread of ``Batches`` calls it.
  func hasRead(_ byteCount: Int) {
    let byteCount = byteCount + HubLimits.batchInputPieceByteCountOverhead
    let resumes = way.withLock { way in
      way.byteCount -= byteCount
      let hasRoom = places.addInput(-byteCount) < HubLimits.batchInputsByteCountMaximum
      // Nobody waits for what others have to read first.
      guard way.isFull,
        way.byteCount == 0
          || (hasRoom && way.byteCount <= HubLimits.batchInputByteCountMaximum / 2)
      else { return false }
      way.isFull = false
      return true
    }
    if resumes { exchange.resume() }
  }

  /// Counts no more, because nothing will be read; the thread of ``Batches`` calls it.
  func close() {
    way.withLock { way in
      _ = places.addInput(-way.byteCount)
      way = Way(isClosed: true)
    }
  }

  func end() { mailbox.post(.ended(batch)) }
  func drained() { mailbox.post(.drained(batch)) }
  func abandon() { mailbox.post(.abandoned(batch)) }
  func stop() { mailbox.post(.stopped(batch)) }
}
