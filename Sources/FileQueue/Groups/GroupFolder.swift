import Kernel
package import SystemPackage

/// The groups of a queue: a file each, in the folder `groups`.
///
/// Any thread may use it, in any process.
public struct GroupFolder: Sendable {
  let directory: QueueDirectory
  static let folderName = "groups"
  static let lockName = ".lock"

  /// Where the files are.
  package var path: FilePath { directory.groupsPath }

  /// The names of all groups, sorted.
  public func names() throws(GroupError) -> [GroupName] {
    try onQueue { () throws(QueueError) in
      do throws(SystemCallError) {
        return try FileSystem.names(in: path).compactMap { GroupName(file: $0) }
      } catch {
        if error.errno == .noSuchFileOrDirectory { return [] }
        throw .system(error)
      }
    }
  }

  /// Opens a group's file; nil where there is none.
  func open(_ name: GroupName) throws(GroupError) -> GroupFile? {
    do throws(SystemCallError) {
      return try GroupFile(name, at: path(of: name))
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .queue(.system(error))
    }
  }

  private func path(of name: GroupName) -> FilePath { path.appending(name.file) }

  /// A group's state, read without its lock; nil where there is none.
  func state(of name: GroupName) throws(GroupError) -> GroupState? {
    // Who writes meanwhile may be in one slot after the other.
    for _ in 0..<GroupLimits.readTryCountMaximum {
      guard let content = try content(of: name) else { return nil }
      if let state = GroupFile.state(in: content) { return state }
    }
    throw .damaged(name, path: path(of: name).string)
  }

  /// All bytes of a group's file; nil where there is none.
  private func content(of name: GroupName) throws(GroupError) -> [UInt8]? {
    do throws(SystemCallError) {
      let file = try Descriptor.open(path(of: name), .readOnly)
      var bytes = [UInt8](repeating: 0, count: try file.status().byteCount)
      var span = bytes.mutableSpan
      let count = try file.read(at: 0, into: &span)
      return Array(bytes[..<count])
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .queue(.system(error))
    }
  }

  /// Whether who asks for these terms may be a member, as far as can be told without the lock.
  ///
  /// - Returns: the state of the group; nil where it is to be made.
  /// - Throws: `otherTerms`, `tooManyMembers`, `tooManyGroups`, `damaged`, `queue`.
  private func check(_ name: GroupName, _ terms: GroupTerms) throws(GroupError) -> GroupState? {
    guard let state = try livingState(of: name) else {
      guard try names().count < GroupLimits.groupCountMaximum else { throw .tooManyGroups }
      return nil
    }
    guard state.terms == terms else { throw .otherTerms(name, state.terms) }
    guard state.members.count < GroupLimits.memberCountMaximum else {
      throw .tooManyMembers(name)
    }
    return state
  }

  /// The same; tells what is to be expected of it.
  package func find(
    _ name: GroupName, _ terms: GroupTerms, in queue: Queue
  ) throws(GroupError) -> GroupFinding {
    guard var state = try check(name, terms) else { return .isNew }
    state.adapt(
      to: queue.epochs, end: queue.durableNext, oldest: state.next, boot: state.boot, now: 0)
    return state.isOver(in: queue) ? .isOver : .isThere
  }

  /// A group's state without the members of workers that are gone, who have not said so; nil where there is none.
  func livingState(of name: GroupName) throws(GroupError) -> GroupState? {
    guard var state = try state(of: name) else { return nil }
    if !state.members.isEmpty, let file = try? Descriptor.open(path(of: name), .readOnly) {
      state.removeMembers { !GroupFile.isTaken($0, in: file) }
    }
    return state
  }

  // MARK: - Making and removing

  /// Makes a group, on disk, unless there is one of that name.
  func make(_ name: GroupName, _ state: GroupState) throws(GroupError) {
    let lock = try hold(name)
    guard try self.state(of: name) == nil else { return }
    guard try names().count < GroupLimits.groupCountMaximum else { throw .tooManyGroups }
    try onFiles { () throws(SystemCallError) in
      try directory.replace(path(of: name), with: GroupFile.content(state).span)
      try Descriptor.open(path, .directory).synchronize()
      try lock.unlock()
    }
  }

  /// Removes a group that has no members.
  ///
  /// - Throws: `missing`, `inUse`, `busy`, `queue`.
  public func remove(_ name: GroupName) throws(GroupError) {
    let lock = try hold(name)
    guard var file = try open(name) else { throw .missing(name) }
    try file.hold()
    defer { file.release() }
    do throws(GroupError) {
      if var state = try file.readChanged() {
        state.removeMembers { !file.isTaken($0) }
        guard state.members.isEmpty else {
          throw GroupError.inUse(name, memberCount: state.members.count)
        }
      }
    } catch {
      // What is damaged is removed for that.
      guard case .damaged = error else { throw error }
    }
    try onFiles { () throws(SystemCallError) in
      try FileSystem.unlink(path(of: name))
      try Descriptor.open(path, .directory).synchronize()
      try lock.unlock()
    }
  }

  /// Makes the folder if need be, and takes the lock of who makes and removes groups.
  private func hold(_ name: GroupName) throws(GroupError) -> FileLock {
    let lock = try onFiles { () throws(SystemCallError) in
      if try directory.makeFolder(path) { try directory.synchronize() }
      return FileLock(try directory.open(path.appending(Self.lockName), .createIfMissing))
    }
    let isHeld = try onFiles { () throws(SystemCallError) in
      try lock.lock(patience: GroupLimits.folderLockPatience)
    }
    guard isHeld else { throw .busy(name) }
    return lock
  }

  /// Acknowledges events of a group; returns which of them were outstanding.
  ///
  /// - Throws: `missing`, `withoutAcknowledgements`, `busy`, `damaged`, `queue`.
  public func acknowledge(
    _ ids: [EventID?], of name: GroupName, in queue: Queue
  ) throws(GroupError) -> [Bool] {
    guard var file = try open(name) else { throw .missing(name) }
    do throws(GroupError) { try file.hold() } catch {
      if case .deleted = error { throw .missing(name) }
      throw error
    }
    defer { file.release() }
    guard var state = try file.readChanged() else { throw .missing(name) }
    guard state.terms.acknowledgement != nil else { throw .withoutAcknowledgements(name) }
    // No event has the number 0.
    let known = state.acknowledge(
      ids.map { id in id.map { queue.epochs.id(of: $0.sequence) == $0 ? $0.sequence : 0 } ?? 0 })
    guard known.contains(true) else { return known }
    try onFiles { () throws(SystemCallError) in try file.write(state) }
    return known
  }

  // MARK: - Upkeep

  /// Puts on disk where groups have come to since it was done last.
  ///
  /// - Parameter syncs: kept from one time to the next.
  /// - Throws: what stands in the way of one of them, when all have been tried.
  public func synchronize(_ syncs: inout GroupSyncs) throws(GroupError) {
    let names = try names()
    syncs.keep(names)
    var failure: GroupError?
    for name in names {
      do throws(GroupError) { try synchronize(name, &syncs) } catch {
        switch error {
        // Whoever is in the way, or has removed it: in the next round.
        case .busy, .deleted, .damaged: continue
        default: failure = failure ?? error
        }
      }
    }
    if let failure { throw failure }
  }

  private func synchronize(_ name: GroupName, _ syncs: inout GroupSyncs) throws(GroupError) {
    guard var file = try open(name) else { return }
    var noted: GroupFile.Noted?
    repeat {
      try file.hold()
      do throws(GroupError) {
        noted = try file.noteForDisk(failed: syncs.failed[name], synced: syncs.numbers[name])
        file.release()
      } catch {
        file.release()
        throw error
      }
      guard let noted else { return }
      syncs.failed[name] = noted.slot
      try onFiles { () throws(SystemCallError) in try file.synchronize() }
      syncs.failed[name] = nil
      syncs.numbers[name] = noted.number
    } while noted?.isNewest == false
  }

  /// Removes the groups to which nobody has come for long; returns their names.
  ///
  /// - Parameter now: in milliseconds since 1970.
  func removeUnused(now: Int64) throws(GroupError) -> [GroupName] {
    var removed: [GroupName] = []
    for name in try names() {
      guard let state = try? state(of: name),
        now - state.usedAt > GroupLimits.idleTimeMaximum.wholeMilliseconds
      else { continue }
      do throws(GroupError) {
        try remove(name)
        removed.append(name)
      } catch {
        switch error {
        case .inUse, .busy, .missing, .deleted: continue
        default: throw error
        }
      }
    }
    return removed
  }
}

extension Queue {
  /// The groups of the queue.
  public var groups: GroupFolder { GroupFolder(directory: directory) }
}

extension QueueDirectory {
  /// Where the places of groups are kept.
  var groupsPath: FilePath { path.appending(GroupFolder.folderName) }
}
