import Synchronization

/// The way into a thread that owns its state: any thread posts, the owner takes everything at once.
public final class Mailbox<Letter: Sendable>: Sendable {
  private let letters = Mutex<[Letter]>([])
  private let waker: Waker

  /// A mailbox that rings `waker` when its first letter comes in.
  public init(waker: Waker) {
    self.waker = waker
  }

  /// Posts a letter; any thread may.
  public func post(_ letter: Letter) {
    let wasEmpty = letters.withLock { letters in
      letters.append(letter)
      return letters.count == 1
    }
    if wasEmpty { waker.ring() }
  }

  /// Posts several letters with one ring; any thread may.
  public func post(_ batch: [Letter]) {
    if batch.isEmpty { return }
    let wasEmpty = letters.withLock { letters in
      defer { letters.append(contentsOf: batch) }
      return letters.isEmpty
    }
    if wasEmpty { waker.ring() }
  }

  /// Takes all letters, in the order they came; the owner calls it after silencing the waker.
  public func takeAll() -> [Letter] {
    letters.withLock { letters in
      let taken = letters
      letters = []
      return taken
    }
  }
}
