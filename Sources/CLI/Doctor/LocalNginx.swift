import Diagnosis
import FoundationEssentials
import Kernel
import SystemPackage

/// The nginx that listens at a port of this machine, by what the kernel tells of its processes (proc(5)).
enum LocalNginx {
  private static let fileByteCountMaximum = 1 << 20
  /// Files that a configuration may include, one from the other.
  private static let includeDepthMaximum = 8

  /// Looks.
  ///
  /// - Parameter isHere: whether the connection has led to this machine.
  static func look(at site: SiteAddress, isHere: Bool) -> MachineSight {
    guard isHere else { return .elsewhere }
    let sockets = listeners(atPort: site.port)
    let found = processes().filter { commandLine($0).hasPrefix("nginx: ") && has($0, sockets) }
    guard
      let any = found.first(where: { commandLine($0).hasPrefix("nginx: worker") }) ?? found.first
    else {
      return .hidden(
        "who listens at port \(site.port) of this machine is no nginx, or one that only root may look at: run it as root"
      )
    }
    let master = found.first { commandLine($0).hasPrefix("nginx: master") }
    let words = (master.map(commandLine) ?? "").split(separator: " ").map(String.init)
    let prefix = value(of: "-p", in: words) ?? "/etc/nginx"
    let file = absolute(value(of: "-c", in: words) ?? "/etc/nginx/nginx.conf", prefix)
    var settings = NginxSettings()
    guard read(file, of: parent(file), &settings, 0) else {
      return .hidden("\(file) cannot be read: run it as root")
    }
    return .seen(
      MachineSight.Nginx(
        file: file, descriptors: descriptors(any), settings: settings,
        processors: ProcessInfo.processInfo.activeProcessorCount))
  }

  // MARK: - Processes

  /// Numbers of the sockets that listen at a port.
  private static func listeners(atPort port: Int) -> Set<String> {
    let ending =
      ":" + String(repeating: "0", count: max(4 - String(port, radix: 16).count, 0))
      + String(port, radix: 16, uppercase: true)
    var found: Set<String> = []
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
      for line in text(table).split(separator: "\n") {
        let fields = line.split(separator: " ")
        // 0A: it listens.
        if fields.count > 9, fields[3] == "0A", fields[1].hasSuffix(ending) {
          found.insert("socket:[\(fields[9])]")
        }
      }
    }
    return found
  }

  private static func processes() -> [String] {
    ((try? FileSystem.names(in: "/proc")) ?? []).filter { $0.allSatisfy(\.isNumber) }
  }

  private static func commandLine(_ process: String) -> String {
    text("/proc/\(process)/cmdline").replacing("\0", with: " ")
  }

  private static func has(_ process: String, _ sockets: Set<String>) -> Bool {
    let folder = "/proc/\(process)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.contains { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
      return target.map { sockets.contains($0) } ?? false
    }
  }

  /// Descriptors that it may have.
  private static func descriptors(_ process: String) -> Int? {
    let line = text("/proc/\(process)/limits").split(separator: "\n").first {
      $0.hasPrefix("Max open files")
    }
    let words = line?.dropFirst("Max open files".count).split(separator: " ") ?? []
    return words.first.flatMap { $0 == "unlimited" ? .max : Int($0) }
  }

  private static func value(of option: String, in words: [String]) -> String? {
    guard let place = words.firstIndex(of: option), place + 1 < words.count else { return nil }
    return words[place + 1]
  }

  private static func absolute(_ path: String, _ folder: String) -> String {
    path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }

  // MARK: - Files

  /// Takes the directives of a file and of all that it includes; false where the file itself cannot be read.
  ///
  /// - Parameter root: the folder of the main file, which the others are named from.
  private static func read(
    _ path: String, of root: String, _ settings: inout NginxSettings, _ depth: Int
  ) -> Bool {
    guard depth < includeDepthMaximum,
      let bytes = try? FileSystem.read(FilePath(path), byteCountMaximum: fileByteCountMaximum)
    else { return false }
    for words in NginxSettings.directives(of: String(decoding: bytes, as: UTF8.self)) {
      settings.take(words)
      guard words.count == 2, words[0] == "include" else { continue }
      for file in files(absolute(words[1], root)) { _ = read(file, of: root, &settings, depth + 1) }
    }
    return true
  }

  private static func parent(_ path: String) -> String {
    FilePath(path).removingLastComponent().string
  }

  /// The files that a path means, in whose last part `*` stands for anything.
  private static func files(_ path: String) -> [String] {
    let parts = path.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].contains("/") else { return parts.count == 1 ? [path] : [] }
    let folder = parent(path)
    let start = parts[0].dropFirst(folder.count).drop { $0 == "/" }
    let names = (try? FileSystem.names(in: FilePath(folder))) ?? []
    return names.filter { $0.hasPrefix(start) && $0.hasSuffix(parts[1]) }
      .sorted().map { "\(folder)/\($0)" }
  }

  /// What the kernel tells in a file of its own, which has no size.
  private static func text(_ path: String) -> String {
    let bytes = try? Descriptor.open(FilePath(path), .readOnly).readAll(
      byteCountMaximum: Self.fileByteCountMaximum)
    return String(decoding: bytes ?? [], as: UTF8.self)
  }
}
