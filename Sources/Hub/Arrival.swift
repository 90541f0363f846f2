import FastCGI
import FileQueue
import Kernel
import Synchronization

/// Where the events of a stream come from.
enum StreamSource: Sendable {
  case queue(SubscribeRequest)
  case demo(DemoSource)
}

/// A subscriber on the way from a front to a stream loop.
struct Arrival: Sendable {
  /// The client's address, as the web server sees it.
  let remoteAddress: String
  let source: StreamSource
  /// Records to send before anything else.
  let opening: [UInt8]
  /// The durable end when the subscriber came: it gets what is published from then on.
  let joinsAt: UInt64
  /// Its right to be a stream.
  let slot: StreamSlot
}

/// The only way into a stream loop; any thread may use it.
struct StreamLoopDoor: Sendable {
  let mailbox: Mailbox<Letter>
  let waker: Waker

  enum Letter: Sendable {
    case subscribe(Arrival, ConnectionHandover)
    case drain(Duration)
    case stop
  }

  init() throws(SystemCallError) {
    waker = try Waker()
    mailbox = Mailbox(waker: waker)
  }

  /// Hands a subscriber and its connection over to the loop.
  func hand(_ arrival: Arrival, _ connection: consuming StreamConnection) {
    mailbox.post(.subscribe(arrival, ConnectionHandover(connection)))
  }

  /// Has the loop end its streams one by one over a time, and its thread with the last.
  func drain(over time: Duration) {
    mailbox.post(.drain(time))
  }

  /// Has the loop end its streams and its thread at once.
  func stop() {
    mailbox.post(.stop)
  }
}

/// Carries a connection, which only one place can own, through a mailbox.
final class ConnectionHandover: Sendable {
  private let connection: Mutex<StreamConnection?>

  init(_ connection: consuming StreamConnection) {
    self.connection = Mutex(connection)
  }

  /// The connection, the first time.
  func take() -> StreamConnection? {
    connection.withLock { $0.take() }
  }
}
