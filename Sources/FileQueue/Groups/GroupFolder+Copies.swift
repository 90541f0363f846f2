import Kernel
import SystemPackage

/// Groups in copies of a queue, and in checks of one.
extension GroupFolder {
  /// A name of a file of a group, from the queue's directory; nil for what is none.
  static func path(folder: String?, file: String) -> String? {
    folder == folderName && GroupName(file: file) != nil ? "\(folderName)/\(file)" : nil
  }

  /// Whether a path from the queue's directory is that of a group's file.
  static func isGroup(_ path: String) -> Bool {
    let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    return parts.count == 2 && self.path(folder: parts[0], file: parts[1]) != nil
  }

  /// All groups as they are, for a backup: without members, whose events are to be given again.
  func files() throws(QueueError) -> [BackupFile] {
    var files: [BackupFile] = []
    for name in try onGroups({ () throws(GroupError) in try names() }) {
      // One that is damaged or removed meanwhile is no reason to have no backup.
      guard var state = try? self.state(of: name) else { continue }
      state.removeMembers { _ in true }
      files.append(
        try mapping { () throws(SystemCallError) in
          try BackupFile("\(Self.folderName)/\(name.file)", GroupFile.content(state))
        })
    }
    return files
  }

  /// Gives the copy of a queue that was made of hard links files of its own.
  var writtenPaths: [FilePath] {
    ((try? names()) ?? []).map { path.appending($0.file) } + [path.appending(Self.lockName)]
  }

  /// What a check finds.
  func check() throws(QueueError) -> [QueueFinding] {
    var findings: [QueueFinding] = []
    for name in try onGroups({ () throws(GroupError) in try names() }) {
      do throws(GroupError) {
        _ = try state(of: name)
      } catch {
        guard case .damaged = error else { throw QueueError(error) }
        findings.append(.damagedGroup("\(Self.folderName)/\(name.file)"))
      }
    }
    return findings
  }

  /// Puts the files of damaged groups into quarantine; nobody has the queue open.
  ///
  /// - Returns: what was done, in words.
  func mend() throws(QueueError) -> [String] {
    var mended: [String] = []
    for case .damagedGroup(let file) in try check() {
      mended.append(
        try mapping { () throws(SystemCallError) in
          let source = try Descriptor.open(directory.path.appending(file), .readOnly)
          var bytes = [UInt8](repeating: 0, count: try source.status().byteCount)
          var span = bytes.mutableSpan
          _ = try source.read(at: 0, into: &span)
          let name = FilePath(file).lastComponent?.string ?? file
          let kept = try directory.quarantine(bytes.span, as: name)
          try FileSystem.unlink(directory.path.appending(file))
          try Descriptor.open(path, .directory).synchronize()
          return "\(file): moved to \(kept); the group begins anew when somebody asks for it"
        })
    }
    return mended
  }
}

/// Runs work on groups and hands its errors on as the queue's.
private func onGroups<Result>(
  _ body: () throws(GroupError) -> Result
) throws(QueueError) -> Result {
  do {
    return try body()
  } catch {
    throw QueueError(error)
  }
}
