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
  /// Whom the socket is given to, by name or number; nil for whom weir runs as.
  var socketUser: String?
  var socketGroup: String?
  /// The permission bits of the socket.
  var socketMode: UInt32 = 0o660
  /// The users that may connect, by name or number; empty for all whom the socket's mode lets in.
  var socketPeers: [String] = []
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
  func needed(hasListener: Bool) throws(CommandFailure) -> String {
    guard let queue else { throw Self.missing("the queue's directory", .queue) }
    if socket == nil, !hasListener { throw Self.missing("the socket to listen at", .socket) }
    return queue
  }

  /// The file of access rules.
  ///
  /// - Throws: where it is among credentials, and there are none.
  func accessPath() throws(CommandFailure) -> FilePath? {
    guard let access else { return nil }
    return try SecretPath.resolve(access, of: "access")
  }

  /// The listener that the process was started with, or else one at the path that was named.
  func listener(_ inherited: consuming Listener?) throws -> Listener {
    if let inherited { return inherited }
    return try Listener.listen(
      at: FilePath(socket ?? ""), permissions: socketMode,
      user: try socketUser.map { try Self.user($0, .socketUser) },
      group: try socketGroup.map(Self.group), peers: peers())
  }

  /// The numbers of the users that may connect; nil for all.
  func peers() throws(CommandFailure) -> [UInt32]? {
    if socketPeers.isEmpty { return nil }
    var users: [UInt32] = []
    for name in socketPeers { users.append(try Self.user(name, .socketPeers)) }
    return users
  }

  private static func user(_ name: String, _ setting: Setting) throws(CommandFailure) -> UInt32 {
    if let number = Accounts.user(name) { return number }
    throw CommandFailure(
      "\(setting.name) is '\(name)', but this machine has no such user: make it (useradd --system), or name "
        + "another", exitCode: 78)
  }

  private static func group(_ name: String) throws(CommandFailure) -> UInt32 {
    if let number = Accounts.group(name) { return number }
    throw CommandFailure(
      "\(Setting.socketGroup.name) is '\(name)', but this machine has no such group: make it (groupadd "
        + "--system), or name another", exitCode: 78)
  }

  private static func missing(_ what: String, _ setting: Setting) -> CommandFailure {
    CommandFailure(
      "name \(what): --\(setting.name), \(setting.variable), or \(setting.name) in the settings file",
      exitCode: 64)
  }
}
