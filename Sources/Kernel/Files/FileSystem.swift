import CLinux
import Glibc
public import SystemPackage

/// Calls on names in the file system.
public enum FileSystem {
  /// Makes a directory; returns false where one of that name is there already (mkdir(2)).
  public static func makeDirectory(
    _ path: FilePath, permissions: UInt32 = 0o750
  ) throws(SystemCallError) -> Bool {
    do {
      _ = try SystemCall.check("mkdir", path.string) {
        unsafe path.withPlatformString { unsafe Glibc.mkdir($0, permissions) }
      }
      return true
    } catch {
      if error.errno == .fileExists { return false }
      throw error
    }
  }

  /// Makes a directory with the owner, the group and the mode of the one that it is in, as
  /// ``Descriptor/openAsFolders(_:_:madeBy:)`` makes files; returns false where it is there already.
  public static func makeDirectoryAsFolders(
    _ path: FilePath, madeBy maker: FilePath? = nil
  ) throws(SystemCallError) -> Bool {
    let folder = try FileStatus(ofFolderOf: path)
    guard try makeDirectory(path, permissions: folder.permissions) else { return false }
    try give(path, to: folder.ownersOfContents(orOf: maker))
    // The mask of the process has no say in it.
    try setPermissions(path, folder.permissions)
    return true
  }

  /// Gives what root has made to the owner of the folder that it is in; others can give nothing away.
  public static func giveToFoldersOwner(_ path: FilePath) throws(SystemCallError) {
    let folder = try FileStatus(ofFolderOf: path)
    try give(path, to: (folder.owner, folder.group))
  }

  static func give(
    _ path: FilePath, to owners: (owner: UInt32, group: UInt32)
  ) throws(SystemCallError) {
    guard Credentials.areRoots else { return }
    try change(path, owners: owners)
  }

  /// Gives a file to a user and a group (lchown(2)).
  static func change(
    _ path: FilePath, owners: (owner: UInt32, group: UInt32)
  ) throws(SystemCallError) {
    // Whoever owns the folder may have put a link in its place meanwhile.
    _ = try SystemCall.check("lchown", path.string) {
      unsafe path.withPlatformString { unsafe Glibc.lchown($0, owners.owner, owners.group) }
    }
  }

  /// Gives a file to a user and a group; nil leaves what is (lchown(2)).
  public static func setOwner(
    _ path: FilePath, user: UInt32?, group: UInt32?
  ) throws(SystemCallError) {
    if user == nil, group == nil { return }
    _ = try SystemCall.check("lchown", path.string) {
      unsafe path.withPlatformString {
        unsafe Glibc.lchown($0, user ?? UInt32.max, group ?? UInt32.max)
      }
    }
  }

  /// Gives a file another name, replacing what had it (rename(2)).
  public static func rename(_ path: FilePath, to newPath: FilePath) throws(SystemCallError) {
    _ = try SystemCall.check("rename", path.string) {
      unsafe path.withPlatformString { old in
        unsafe newPath.withPlatformString { unsafe Glibc.rename(old, $0) }
      }
    }
  }

  /// Removes an empty directory (rmdir(2)).
  public static func removeDirectory(_ path: FilePath) throws(SystemCallError) {
    _ = try SystemCall.check("rmdir", path.string) {
      unsafe path.withPlatformString { unsafe Glibc.rmdir($0) }
    }
  }

  /// Removes a name (unlink(2)).
  public static func unlink(_ path: FilePath) throws(SystemCallError) {
    _ = try SystemCall.check("unlink", path.string) {
      unsafe path.withPlatformString { unsafe Glibc.unlink($0) }
    }
  }

  /// Where a path leads, without links, from the root on; its last part need not be there (realpath(3)).
  public static func realPath(_ path: FilePath) throws(SystemCallError) -> FilePath {
    func resolve(_ path: FilePath) throws(SystemCallError) -> FilePath {
      let found = unsafe path.withPlatformString { unsafe Glibc.realpath($0, nil) }
      guard let found = unsafe found else {
        throw SystemCallError(
          call: "realpath", errno: Errno(rawValue: Glibc.errno), subject: path.string)
      }
      defer { unsafe Glibc.free(found) }
      return unsafe FilePath(platformString: found)
    }
    do {
      return try resolve(path)
    } catch {
      guard error.errno == .noSuchFileOrDirectory, let last = path.lastComponent else {
        throw error
      }
      let parent = path.removingLastComponent()
      return try resolve(parent.isEmpty ? "." : parent).appending(last)
    }
  }

  /// Throws where the process may not make files in a directory (faccessat(2)).
  public static func refuseUnwritable(_ path: FilePath) throws(SystemCallError) {
    _ = try SystemCall.check("faccessat", path.string) {
      unsafe path.withPlatformString {
        unsafe Glibc.faccessat(AT_FDCWD, $0, W_OK | X_OK, AT_EACCESS)
      }
    }
  }

  /// Sets the permission bits (chmod(2)).
  public static func setPermissions(
    _ path: FilePath, _ permissions: UInt32
  ) throws(SystemCallError) {
    _ = try SystemCall.check("chmod", path.string) {
      unsafe path.withPlatformString { unsafe Glibc.chmod($0, permissions) }
    }
  }

  /// The names in a directory, sorted by their bytes, without `.` and `..` (readdir(3)).
  public static func names(in path: FilePath) throws(SystemCallError) -> [String] {
    guard let directory = unsafe path.withPlatformString({ unsafe Glibc.opendir($0) }) else {
      throw SystemCallError(
        call: "opendir", errno: Errno(rawValue: Glibc.errno), subject: path.string)
    }
    defer { _ = unsafe Glibc.closedir(directory) }
    var names: [String] = []
    while let entry = unsafe Glibc.readdir(directory) {
      let name = unsafe String(cString: weir_entry_name(entry))
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The size of a file in bytes (fstatat(2)).
  public static func byteCount(of path: FilePath) throws(SystemCallError) -> Int {
    var status = Glibc.stat()
    _ = try SystemCall.check("fstatat", path.string) {
      unsafe path.withPlatformString { unsafe Glibc.fstatat(AT_FDCWD, $0, &status, 0) }
    }
    return status.st_size
  }

  /// The type number of the file system that holds `path` (statfs(2), `f_type`).
  public static func typeNumber(of path: FilePath) throws(SystemCallError) -> Int {
    var type: Int64 = 0
    _ = try SystemCall.check("statfs", path.string) {
      unsafe path.withPlatformString { unsafe weir_file_system_type($0, &type) }
    }
    return Int(type)
  }
}
