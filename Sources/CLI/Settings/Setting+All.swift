import ArgumentParser
import FileQueue
import Hub
import Logging

/// Each setting, once. Whatever tells of settings goes through ``all``; the flags stand in
/// ``SettingOptions``, and `deploy/weir.toml` says what each is for.
extension Setting {
  /// In the order of the help and of the file.
  static let all = [
    queue, socket, socketUser, socketGroup, socketMode, socketPeers, fd, demo, access, corsOrigin,
    getPublish, heartbeat, checkpoints, retry,
    durability,
    retentionBytes, retentionAge, retentionCount, idempotencyWindow, maxStreams,
    maxStreamsPerAddress, maxNewStreams, maxStreamAge, drain, loops, logLevel,
  ]

  static let queue = Setting(
    "queue", shortName: "q", .text, "directory", standard: nil, "The queue's directory.",
    completion: .directory
  ) { $0.queue = try path($1) }

  static let socket = Setting(
    "socket", .text, "path", standard: nil,
    "Listen at this unix socket, which the web server's user has to be able to write to. One that the process was started with by a service manager (LISTEN_FDS) is taken before it.",
    completion: .file()
  ) { $0.socket = try path($1) }

  static let socketUser = Setting(
    "socket-user", .text, "user", standard: nil,
    "Give the socket to this user, by name or number; it takes root. Without it the socket is weir's own user's."
  ) { $0.socketUser = try account($1) }

  static let socketGroup = Setting(
    "socket-group", .text, "group", standard: nil,
    "Give the socket to this group, by name or number, which the web server's user is a member of, and which weir's own user has to be a member of, too. Without it the socket is weir's own group's."
  ) { $0.socketGroup = try account($1) }

  static let socketMode = Setting(
    "socket-mode", .text, "mode", standard: "0660",
    "Who may connect to the socket, as permission bits in octal: 0660 is its user and its group."
  ) {
    guard let mode = UInt32($1, radix: 8), (3...4).contains($1.utf8.count), mode <= 0o777 else {
      throw ValidationError("it is permission bits in octal, from 0000 to 0777, such as 0660")
    }
    $0.socketMode = mode
  }

  static let socketPeers = Setting(
    list: "socket-peers", "user",
    "Close connections of users other than this one, by name or number, whatever the socket's mode lets in; repeat it for more."
  ) { settings, users in
    settings.socketPeers = try users.map(account)
  }

  static let fd = Setting(
    "fd", .number, "number", standard: nil,
    "Use the listening socket that the process was started with; spawn-fcgi hands over 0."
  ) { $0.fd = try OptionRange.descriptors.value($1) }

  static let demo = Setting(
    flag: "demo", standard: false,
    "Switch the demo sources on: /sse/time, /sse/dashboard, a clock on the default stream, and CORS for all."
  ) { $0.hub.streams.isDemo = $1 }

  static let access = Setting(
    "access", .text, "file", standard: nil,
    "Allow only what the grants in this file allow (weir token); it is read again when it changes, and on SIGHUP.",
    completion: .file(extensions: ["toml"])
  ) { $0.access = try path($1, mayBeCredential: true) }

  static let corsOrigin = Setting(
    list: "cors-origin", "origin",
    "Let pages of this origin read streams, publish, and send cookies; repeat it for more. '*' lets pages of all origins read streams."
  ) { settings, origins in
    if let fault = origins.lazy.compactMap({ Origin.fault(in: $0) }).first {
      throw ValidationError(fault)
    }
    settings.hub.corsOrigins = origins
  }

  static let getPublish = Setting(
    flag: "get-publish", standard: false,
    "Let GET /publish?message=… publish, for webhooks that can do no more: whoever gets somebody to open a link publishes."
  ) { $0.hub.takesGetPublishes = $1 }

  static let heartbeat = Setting(
    "heartbeat", .number, "seconds", standard: "15", isLive: true,
    "Send a comment on a stream that has been silent for so long; shorter than half of nginx's fastcgi_read_timeout."
  ) { $0.hub.streams.heartbeatInterval = .seconds(try OptionRange.heartbeat.value($1)) }

  static let checkpoints = Setting(
    flag: "checkpoints", standard: true,
    "Send a silent stream the newest id now and then, in a block without data, so that it resumes cheaply and misses nothing. A few programs that are no browsers take it for an empty event."
  ) { $0.hub.streams.sendsCheckpoints = $1 }

  static let retry = Setting(
    "retry", .number, "milliseconds", standard: "2000",
    "Tell browsers to wait at least so long before they reconnect."
  ) { $0.hub.retryMilliseconds = try OptionRange.retry.value($1) }

  static let durability = Setting(
    "durability", .text, "full|interval|none", standard: "full",
    "When a publish is acknowledged. full: it is on disk, nothing loses it. interval: the kernel has it; a power cut loses up to 100 ms. none: as interval, but half a minute, and what subscribers saw may be undone. The death of a process loses nothing in any.",
    completion: .list(Durability.allCases.map(\.rawValue))
  ) { $0.hub.durability = try choice($1) }

  static let retentionBytes = Setting(
    "retention-bytes", .number, "size", standard: "1G", isLive: true,
    "Remove the oldest events when the queue takes more than this, such as 500M or 10G; 'none' for no limit."
  ) { $0.hub.retention.byteCountMaximum = try OptionRange.bytes.limit($1).value }

  static let retentionAge = Setting(
    "retention-age", .number, "time", standard: "7d", isLive: true,
    "Remove events that are older than this, such as 12h or 30d; 'none' for no limit."
  ) { $0.hub.retention.ageMaximum = try OptionRange.eventAge.limit($1).value }

  static let retentionCount = Setting(
    "retention-count", .number, "count", standard: "none", isLive: true,
    "Remove the oldest events when there are more than this; 'none' for no limit."
  ) { $0.hub.retention.eventCountMaximum = try OptionRange.events.limit($1).value }

  static let idempotencyWindow = Setting(
    "idempotency-window", .number, "time", standard: "24h",
    "Remember keys (Idempotency-Key) for so long, from 1s to 30d: a second publish with one queues nothing."
  ) { $0.hub.keyWindow = try OptionRange.keyWindow.value($1) }

  static let maxStreams = Setting(
    "max-streams", .number, "count", standard: "none", isLive: true,
    "Serve at most so many streams at once; one over it is told to come back later. 'none' for as many as the limit of descriptors (ulimit -Hn) allows."
  ) { $0.maxStreams = try OptionRange.streams.limit($1).value }

  static let maxStreamsPerAddress = Setting(
    "max-streams-per-address", .number, "count", standard: "none", isLive: true,
    "Serve one client address at most so many streams at once, an IPv6 address by its first 64 bits; 'none' for no limit. One over it gets 429, on which browsers give up."
  ) { $0.hub.streamsPerAddressCountMaximum = try OptionRange.streams.limit($1).value }

  static let maxNewStreams = Setting(
    "max-new-streams", .number, "count", standard: "none", isLive: true,
    "Let at most so many streams begin in a second; the others are told when to come back, one after the other. 'none' for no limit."
  ) { $0.hub.newStreamsPerSecondMaximum = try OptionRange.newStreams.limit($1).value }

  static let maxStreamAge = Setting(
    "max-stream-age", .number, "time", standard: "none", isLive: true,
    "End a stream at an age of 80 to 100 % of this, such as 1h; the browser comes back and goes on where it was. 'none' for never."
  ) { $0.hub.streams.ageMaximum = try OptionRange.streamAge.limit($1).value }

  static let drain = Setting(
    "drain", .number, "time", standard: "1s", isLive: true,
    "End the streams evenly over this time when weir stops, so that not all browsers come back at once; 'none' ends them at once, as a second signal does."
  ) { $0.hub.drainTime = try OptionRange.drain.limit($1).value ?? .zero }

  static let loops = Setting(
    "loops", .number, "count", standard: "1", "Threads that serve streams."
  ) { $0.hub.streamLoopCount = try OptionRange.loops.value($1) }

  static let logLevel = Setting(
    "log-level", .text, "level", standard: "info", isLive: true,
    "The least that is logged: trace, debug, info, notice, warning, error or critical.",
    completion: .list(Logger.Level.allCases.map(\.rawValue))
  ) { $0.logLevel = try choice($1) }

  private static func path(_ text: String, mayBeCredential: Bool = false) throws -> String {
    if text.isEmpty { throw ValidationError("it is empty: name a path") }
    if text.utf8.contains(0) { throw ValidationError("it has a NUL byte: name a path") }
    if mayBeCredential, SecretPath.isOne(text) { return text }
    // Only a shell replaces these, and not everywhere.
    for (beginning, what) in [("$", "the variable says"), ("~/", "~ stands for")]
    where text.utf8.starts(with: beginning.utf8) {
      throw ValidationError("a path is taken as it stands: write out what \(what)")
    }
    return text
  }

  private static func account(_ text: String) throws -> String {
    if text.isEmpty || text.utf8.contains(0) {
      throw ValidationError("it is the name or the number of a user or a group")
    }
    return text
  }

  private static func choice<Value: RawRepresentable<String> & CaseIterable>(
    _ text: String
  ) throws -> Value {
    if let value = Value(rawValue: text) { return value }
    let names = Value.allCases.map(\.rawValue)
    throw ValidationError(
      "it is \(names.dropLast().joined(separator: ", ")) or \(names.last ?? "")")
  }
}
