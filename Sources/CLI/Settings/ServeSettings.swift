import FastCGI
import Hub
import Kernel
import Logging
import SystemPackage

/// What `weir serve` was told.
struct ServeSettings: Sendable {
  /// The queue's directory.
  var queue: String?
  /// The path of the socket to listen at.
  var socket: String?
  /// The number of a listening socket that the process was started with.
  var fd: Int?
  /// The file of access rules; nil where everybody may do everything.
  var access: String?
  /// The least that is logged.
  var logLevel = Logger.Level.info
  /// How many streams there may be at once; nil for as many as there are descriptors for.
  var maxStreams: Int?
  /// What the hub is told; ``configuration(descriptorCountMaximum:)`` adds to it.
  var hub = HubConfiguration()

  /// What the hub is told, on a process that may have so many descriptors.
  ///
  /// - Throws: where more streams are asked for than there is room for.
  func configuration(
    descriptorCountMaximum: Int
  ) throws(CommandFailure) -> HubConfiguration {
    let room = HubConfiguration.streamCountMaximum(
      descriptorCountMaximum: descriptorCountMaximum, streamLoopCount: hub.streamLoopCount)
    if let maxStreams, maxStreams > room {
      throw CommandFailure(
        "max-streams is \(maxStreams), but the limit of descriptors, \(descriptorCountMaximum), has "
          + "room for \(room) streams beside what weir itself needs: ask for less, or raise the hard "
          + "limit (ulimit -Hn)", exitCode: 71)
    }
    var configuration = hub
    configuration.streamCountMaximum = maxStreams ?? room
    if hub.corsOrigins.isEmpty, hub.streams.isDemo { configuration.corsOrigins = ["*"] }
    return configuration
  }

  /// Where requests come in, for the log.
  var place: String { socket ?? "descriptor \(fd ?? 0)" }

  /// The queue's directory.
  ///
  /// - Throws: where nobody has named it, or what to listen at.
  func needed() throws(CommandFailure) -> String {
    guard let queue else { throw Self.missing("the queue's directory", .queue) }
    if socket == nil, fd == nil { throw Self.missing("the socket to listen at", .socket) }
    return queue
  }

  /// The file of access rules.
  ///
  /// - Throws: where it is among credentials, and there are none.
  func accessPath() throws(CommandFailure) -> FilePath? {
    guard let access else { return nil }
    return try SecretPath.resolve(access, of: "access")
  }

  /// Listens where it was told to.
  func listener() throws(SystemCallError) -> Listener {
    if let socket { return try Listener.listen(at: FilePath(socket)) }
    return try Listener.inherited(Int32(fd ?? 0))
  }

  private static func missing(_ what: String, _ setting: Setting) -> CommandFailure {
    CommandFailure(
      "name \(what): --\(setting.name), \(setting.variable), or \(setting.name) in the settings file",
      exitCode: 64)
  }
}
