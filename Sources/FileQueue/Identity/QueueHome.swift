import Kernel

/// On which folder a queue lives, since which start of the machine.
///
/// A copy of the folder, a backup that is put back, a snapshot that is mounted or booted: each has
/// another one, and the queue begins a new epoch there. The folder itself may be moved.
struct QueueHome: Hashable, Sendable {
  /// Cells of the tail page that it takes.
  static let cellCount = 8

  private let boot: BootID
  private let folder: FileIdentity
  private let tail: FileIdentity

  /// The home of a queue whose folder and page these are.
  init(folder: FileIdentity, tail: FileIdentity) {
    boot = .current
    self.folder = folder
    // In a file system that is made of several, files are on other devices than folders.
    self.tail = FileIdentity(
      device: folder.device, inode: tail.inode, birthUnixNanoseconds: tail.birthUnixNanoseconds)
  }

  /// Reads one from a page; nil where none was written.
  init?(cells: [UInt64]) {
    guard cells.contains(where: { $0 != 0 }) else { return nil }
    boot = BootID(high: cells[0], low: cells[1])
    folder = FileIdentity(
      device: cells[2], inode: cells[3],
      birthUnixNanoseconds: Int64(bitPattern: cells[4]))
    tail = FileIdentity(
      device: cells[2], inode: cells[5], birthUnixNanoseconds: Int64(bitPattern: cells[6]))
  }

  /// What stands in a page for it.
  var cells: [UInt64] {
    [
      boot.high, boot.low, folder.device, folder.inode,
      UInt64(bitPattern: folder.birthUnixNanoseconds), tail.inode,
      UInt64(bitPattern: tail.birthUnixNanoseconds), 1,
    ]
  }

  /// Whether it was noted since the machine was started: then the page is what it was at the last
  /// store, which a power cut may undo.
  var isOfThisBoot: Bool { boot == .current }
}
