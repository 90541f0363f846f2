public import Access
import Figures
import Kernel
public import Logging
import Synchronization
public import SystemPackage

/// Holds the rules that are in force, and reads them again when their files change or somebody asks.
///
/// Any thread asks for the rules; a thread of its own reads. A file with a fault is refused whole, and the rules
/// from before stay.
public final class AccessGuard: Sendable {
  private struct State {
    var rules: AccessRules
    var report: AccessReport
    var isAskedToRead = false
    var isStopped = false
    var changed: (@Sendable () -> Void)?
    var looking: (@Sendable () -> Void)?
  }

  private let path: FilePath
  /// What hashes tokens.
  let library: any SignatureLibrary
  private let log: Logger
  private let state: Mutex<State>
  private let waker: Waker
  private let thread = Mutex<Thread?>(nil)

  /// Reads the rules, and watches their files from then on.
  ///
  /// - Parameter library: what verifies and hashes tokens.
  /// - Throws: `AccessFault` for rules with a fault, `SystemCallError` where there can be no thread.
  public init(_ path: FilePath, with library: any SignatureLibrary, _ log: Logger) throws {
    self.path = path
    self.library = library
    self.log = log
    // Before the file is read, so that what changes meanwhile is seen.
    let seen = Self.look([path])
    let file = try AccessFile(readingFrom: path, with: library)
    state = Mutex(
      State(
        rules: file.rules,
        report: AccessReport(
          file: path.string, grants: file.rules.grantCount, readAt: Clock.unixMilliseconds())))
    waker = try Waker()
    let started = try Thread(name: "access") { [self] in watch(file.keyPaths, seen) }
    thread.withLock { $0 = started }
  }

  /// What may be done now.
  var rules: AccessRules { state.withLock { $0.rules } }

  /// How it stands with the file, for the status.
  var report: AccessReport { state.withLock { $0.report } }

  /// Has `changed` called each time other rules are in force, and `looking` with each look at the files; both on
  /// the guard's thread.
  func begin(changed: @escaping @Sendable () -> Void, looking: @escaping @Sendable () -> Void) {
    state.withLock { ($0.changed, $0.looking) = (changed, looking) }
  }

  /// Has the files read again, changed or not; any thread.
  public func readAgain() {
    state.withLock { $0.isAskedToRead = true }
    waker.ring()
  }

  /// Ends the thread; once.
  func stop() {
    state.withLock { $0.isStopped = true }
    waker.ring()
    if let thread = thread.withLock({ $0.take() }) { thread.join() }
  }

  // MARK: - The thread

  /// Files are looked at by their names each time: editors and orchestrators put another file, or another link,
  /// in their place.
  private func watch(_ keyPaths: [FilePath], _ first: [FileStatus?]) {
    FreedMemory.giveBack()
    var paths = [path] + keyPaths
    var (read, before) = (first + Self.look(keyPaths), first + Self.look(keyPaths))
    // Looks since a fault was found; nil where none stands.
    var looksSinceFault: Int?
    while true {
      _ = try? waker.wait(timeout: HubLimits.accessLookInterval)
      let (isAsked, isStopped, looking) = state.withLock { state in
        defer { state.isAskedToRead = false }
        return (state.isAskedToRead, state.isStopped, state.looking)
      }
      if isStopped { return }
      looking?()
      let now = Self.look(paths)
      defer { before = now }
      // What changes from one look to the next may be half written. A file with a fault may name others that are
      // not looked at yet, so it is tried now and then until it has none.
      looksSinceFault = looksSinceFault.map { $0 + 1 }
      let isDue = looksSinceFault ?? 0 >= HubLimits.accessLooksPerTry
      guard isAsked || ((now != read || isDue) && now == before) else { continue }
      read = now
      let newPaths = readFiles(isAsked: isAsked)
      // What reads a file of many grants takes five times what they do.
      FreedMemory.giveBack()
      if let newPaths {
        looksSinceFault = nil
        // As they were before they were read; one that was not looked at then is read once more.
        read =
          [now[0]] + newPaths.map { newPath in paths.firstIndex(of: newPath).flatMap { now[$0] } }
        paths = [path] + newPaths
      } else {
        looksSinceFault = 0
      }
    }
  }

  /// Puts what the files say in force; returns the key files, nil where nothing has changed because of a fault.
  private func readFiles(isAsked: Bool) -> [FilePath]? {
    do throws(AccessFault) {
      let file = try AccessFile(readingFrom: path, with: library)
      // The old ones may be many, and go when nobody waits for the lock.
      let (changed, _) = state.withLock { state in
        let old = state.rules
        state.rules = file.rules
        state.report = AccessReport(
          file: path.string, grants: file.rules.grantCount, readAt: Clock.unixMilliseconds())
        return (state.changed, old)
      }
      log.notice(
        "other access rules are in force",
        metadata: ["file": "\(path)", "grants": "\(file.rules.grantCount)"])
      changed?()
      return file.keyPaths
    } catch {
      let isNew = state.withLock { state in
        defer { state.report.fault = "\(error)" }
        return state.report.fault != "\(error)"
      }
      guard isNew || isAsked else { return nil }
      log.error(
        "the access rules from before stay in force, the file has a fault",
        metadata: ["fault": "\(error)"])
      return nil
    }
  }

  private static func look(_ paths: [FilePath]) -> [FileStatus?] {
    paths.map { try? FileStatus(of: $0) }
  }
}
