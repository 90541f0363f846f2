import CLinux
import Glibc
public import SystemPackage

/// What the kernel tells of a file or a folder (statx(2)), as far as weir asks.
public struct FileStatus: Hashable, Sendable {
  /// Size in bytes.
  public let byteCount: Int
  /// Number of names; 0 once the file is unlinked.
  public let linkCount: Int
  /// Which file it is, whatever its name.
  public let identity: FileIdentity
  /// When the content last changed, in milliseconds since 1970.
  public let modifiedUnixMilliseconds: Int64
  /// When the file or anything about it was last changed, in nanoseconds since 1970; nobody can set it
  /// to another time.
  public let changedUnixNanoseconds: Int64
  /// The user that it belongs to.
  public let owner: UInt32
  /// The group that it belongs to.
  public let group: UInt32
  /// The permission bits.
  public let permissions: UInt32
  /// Whether it is a file with bytes of its own: no folder, pipe, socket or device.
  public let isRegular: Bool

  /// Looks up `path`, following links.
  public init(of path: FilePath) throws(SystemCallError) {
    try self.init(of: AT_FDCWD, path)
  }

  /// Looks up the folder that `path` is in.
  init(ofFolderOf path: FilePath) throws(SystemCallError) {
    let folder = path.removingLastComponent()
    try self.init(of: folder.isEmpty ? "." : folder)
  }

  /// Whom files in this folder belong to: whoever it belongs to itself, or, where it is root's, as volumes
  /// of containers are, the owner and the group of the file `maker`, if there is one.
  func ownersOfContents(orOf maker: FilePath?) -> (owner: UInt32, group: UInt32) {
    guard owner == 0, let maker, let maker = try? FileStatus(of: maker) else {
      return (owner, group)
    }
    return (maker.owner, maker.group)
  }

  init(of folder: CInt, _ path: FilePath) throws(SystemCallError) {
    var status = statx()
    _ = try SystemCall.check("statx", path.isEmpty ? nil : path.string) {
      unsafe path.withPlatformString { unsafe weir_statx(folder, $0, &status) }
    }
    byteCount = Int(truncatingIfNeeded: status.stx_size)
    linkCount = Int(status.stx_nlink)
    identity = FileIdentity(
      device: UInt64(status.stx_dev_major) << 32 | UInt64(status.stx_dev_minor),
      inode: status.stx_ino,
      birthUnixNanoseconds: status.stx_mask & UInt32(STATX_BTIME) == 0
        ? 0 : Self.nanoseconds(status.stx_btime))
    modifiedUnixMilliseconds = Self.milliseconds(status.stx_mtime)
    changedUnixNanoseconds = Self.nanoseconds(status.stx_ctime)
    owner = status.stx_uid
    group = status.stx_gid
    permissions = UInt32(status.stx_mode) & 0o7777
    isRegular = UInt32(status.stx_mode) & S_IFMT == S_IFREG
  }

  private static func milliseconds(_ time: statx_timestamp) -> Int64 {
    let (milliseconds, isOver) = time.tv_sec.multipliedReportingOverflow(by: 1000)
    return isOver
      ? .max : milliseconds.addingReportingOverflow(Int64(time.tv_nsec) / 1_000_000).partialValue
  }

  private static func nanoseconds(_ time: statx_timestamp) -> Int64 {
    // A clock beyond the year 2262 is wrong anyway.
    let (nanoseconds, isOver) = time.tv_sec.multipliedReportingOverflow(by: 1_000_000_000)
    return isOver ? .max : nanoseconds.addingReportingOverflow(Int64(time.tv_nsec)).partialValue
  }
}

/// A file or folder, told apart from any other, also from one that was there before under the same
/// number.
public struct FileIdentity: Hashable, Sendable {
  /// The device, as it is numbered since the machine was started.
  public let device: UInt64
  /// Its number on the device, which is given out again when the file is gone.
  public let inode: UInt64
  /// When it was made, in nanoseconds since 1970; 0 where the file system does not know.
  public let birthUnixNanoseconds: Int64

  /// An identity of its parts.
  public init(device: UInt64, inode: UInt64, birthUnixNanoseconds: Int64) {
    self.device = device
    self.inode = inode
    self.birthUnixNanoseconds = birthUnixNanoseconds
  }
}
