package import FastCGI
import FileQueue
package import Kernel
import Synchronization

/// The only way into a stream loop; any thread may use it.
package struct StreamLoopDoor: Sendable {
  let mailbox: Mailbox<Letter>
  let waker: Waker

  enum Letter: Sendable {
    case subscribe(Arrival, ConnectionHandover)
    /// A member of a group is to be sent events.
    case assign(EpollToken, [Group.Assignment])
    /// A member's new group does not begin where it was to.
    case tell(EpollToken, GapEvent)
    /// A member has got everything that there was, or ever will be, for it.
    case finish(EpollToken)
    /// A stream cannot be a member.
    case dismiss(EpollToken, String)
    case configure(StreamConfiguration)
    /// Other rules say who may read what.
    case reviewPermits
    case drain(Duration)
    case stop
  }

  /// A door that nobody has come through yet.
  package init() throws(SystemCallError) {
    waker = try Waker()
    mailbox = Mailbox(waker: waker)
  }

  /// Hands a subscriber and its connection over to the loop.
  package func hand(_ arrival: Arrival, _ connection: consuming StreamConnection) {
    mailbox.post(.subscribe(arrival, ConnectionHandover(connection)))
  }

  /// Has the loop serve streams in another way from now on, the open ones too; whether it shows the demo and
  /// sends checkpoints stays as it is.
  package func configure(_ configuration: StreamConfiguration) {
    mailbox.post(.configure(configuration))
  }

  /// Has the loop end the streams whose permits do not hold any more.
  package func reviewPermits() {
    mailbox.post(.reviewPermits)
  }

  /// Has the loop end its streams one by one over a time, and its thread with the last.
  package func drain(over time: Duration) {
    mailbox.post(.drain(time))
  }

  /// Has the loop end its streams and its thread at once.
  package func stop() {
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
