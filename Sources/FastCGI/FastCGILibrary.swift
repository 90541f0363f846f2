import CFCGI
import Kernel

/// libfcgi as a whole.
public enum FastCGILibrary {
  /// Makes libfcgi ready, and undoes the signal handlers that it installs: SIGPIPE is ignored,
  /// SIGTERM does again what it does by default, SIGUSR1 nothing.
  ///
  /// Once, on the main thread, before any front is started.
  public static func initialize() {
    FCGX_Init()
    SignalQueue.ignoreFailedWrites()
    SignalQueue.restoreDefaultTermination()
    SignalQueue.ignoreUserSignals()
  }
}
