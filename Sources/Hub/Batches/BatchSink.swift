import FastCGI
import Kernel
import Synchronization

/// The way of a batch's body from its front to the thread of ``Batches``, with a limit of what is on it.
final class BatchSink: BodySink {
  private struct Way {
    var byteCount = 0
    var isFull = false
  }

  let batch: UInt64
  let exchange: Exchange
  private let way = Mutex(Way())
  private let mailbox: Mailbox<Batches.Letter>

  init(batch: UInt64, exchange: Exchange, mailbox: Mailbox<Batches.Letter>) {
    self.batch = batch
    self.exchange = exchange
    self.mailbox = mailbox
  }

  func take(_ piece: [UInt8]) -> Bool {
    let isFull = way.withLock { way in
      way.byteCount += piece.count + HubLimits.batchInputPieceByteCountOverhead
      way.isFull = way.byteCount >= HubLimits.batchInputByteCountMaximum
      return way.isFull
    }
    mailbox.post(.piece(piece, batch))
    return !isFull
  }

  /// Notes that a piece has been read; the thread of ``Batches`` calls it.
  func hasRead(_ byteCount: Int) {
    let resumes = way.withLock { way in
      way.byteCount -= byteCount + HubLimits.batchInputPieceByteCountOverhead
      guard way.isFull, way.byteCount < HubLimits.batchInputByteCountMaximum else {
        return false
      }
      way.isFull = false
      return true
    }
    if resumes { exchange.resume() }
  }

  func end() { mailbox.post(.ended(batch)) }
  func drained() { mailbox.post(.drained(batch)) }
  func abandon() { mailbox.post(.abandoned(batch)) }
  func stop() { mailbox.post(.stopped(batch)) }
}
