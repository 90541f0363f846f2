import CLinux
import Glibc
public import SystemPackage

/// How ``Descriptor/open(_:_:permissions:)`` opens a file.
///
/// What is opened for writing is no symbolic link (ELOOP): root follows none that the owner of a folder
/// may have put there.
public enum OpenMode: Sendable {
  /// O_RDONLY
  case readOnly
  /// O_RDWR
  case readWrite
  /// O_RDWR with O_CREAT
  case createIfMissing
  /// O_RDWR with O_CREAT and O_EXCL
  case createNew
  /// O_RDONLY with O_DIRECTORY
  case directory

  var flags: CInt {
    switch self {
    case .readOnly: O_RDONLY
    case .readWrite: O_RDWR | O_NOFOLLOW
    case .createIfMissing: O_RDWR | O_CREAT | O_NOFOLLOW
    case .createNew: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW
    case .directory: O_RDONLY | O_DIRECTORY
    }
  }
}

extension Descriptor {
  /// Opens a file or directory, close-on-exec (open(2)).
  public static func open(
    _ path: FilePath, _ mode: OpenMode, permissions: UInt32 = 0o640
  ) throws(SystemCallError) -> Descriptor {
    let number = try SystemCall.check("open", path.string) {
      unsafe path.withPlatformString { unsafe weir_open($0, mode.flags, permissions) }
    }
    return Descriptor(owning: number)
  }

  /// Makes a file without a name, which goes with its descriptor (O_TMPFILE, open(2)): in `folder`, or where
  /// its file system has no such files, in memory (memfd_create(2)).
  public static func openNameless(in folder: FilePath) throws(SystemCallError) -> Descriptor {
    do {
      let number = try SystemCall.check("open", folder.string) {
        unsafe folder.withPlatformString { unsafe weir_open($0, weir_nameless_flags, 0o600) }
      }
      return Descriptor(owning: number)
    } catch {
      guard error.errno == .notSupported || error.errno == .isDirectory else { throw error }
      let number = try SystemCall.check("memfd_create") { unsafe weir_memfd_create("results") }
      return Descriptor(owning: number)
    }
  }

  /// Opens a file, or makes it with the owner, the group and the mode of the folder that it is in, less
  /// the right to enter: whoever the folder belongs to can use what others make there.
  ///
  /// A file that another user has left there before is given to the folder's owner too. It takes root
  /// to give anything away.
  ///
  /// - Parameter maker: the file whose owner is meant where the folder is root's.
  /// - Throws: EPERM where the caller may not give it to the folder's owner; the file is there then.
  public static func openAsFolders(
    _ path: FilePath, _ mode: OpenMode, madeBy maker: FilePath? = nil
  ) throws(SystemCallError) -> Descriptor {
    let folder = try FileStatus(ofFolderOf: path)
    let file = try open(path, mode, permissions: folder.permissions & 0o666)
    let status = try file.status()
    let wanted = folder.permissions & 0o666
    if Credentials.areRoots {
      let owners = folder.ownersOfContents(orOf: maker)
      if (status.owner, status.group) != owners {
        _ = try SystemCall.check("fchown", path.string) {
          Glibc.fchown(file.number, owners.owner, owners.group)
        }
      }
    } else if status.group != folder.group, status.owner == Credentials.user {
      // Members of the folder's group are to read it; who is none of them cannot give it to the group.
      _ = Glibc.fchown(file.number, UInt32.max, folder.group)
    }
    // The mask of the process has no say in it.
    if status.byteCount == 0, status.permissions != wanted, Credentials.own(status) {
      _ = try SystemCall.check("fchmod", path.string) { Glibc.fchmod(file.number, wanted) }
    }
    return file
  }

  /// Reads at `offset` without moving the position, until `buffer` is full or the file ends; returns
  /// the byte count (pread(2)).
  ///
  /// - Parameter byteCountMaximum: stops earlier than when the buffer is full.
  public func read(
    at offset: Int, into buffer: inout MutableSpan<UInt8>, byteCountMaximum: Int = .max
  ) throws(SystemCallError) -> Int {
    let number = number
    let wanted = min(buffer.count, byteCountMaximum)
    return try unsafe buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemCallError) in
      var done = 0
      while done < wanted {
        let rest = unsafe UnsafeMutableBufferPointer(rebasing: bytes[done..<wanted])
        let count = try SystemCall.check("pread") {
          unsafe Glibc.pread(number, rest.baseAddress, rest.count, offset + done)
        }
        if count == 0 { break }
        done += count
      }
      return done
    }
  }

  /// Reads from the position on to the end, of a pipe too (read(2)).
  ///
  /// - Parameter byteCountMaximum: reading stops once there are more bytes than this.
  public func readAll(byteCountMaximum: Int) throws(SystemCallError) -> [UInt8] {
    let number = number
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= byteCountMaximum {
      let count = try SystemCall.check("read") {
        unsafe Glibc.read(number, &chunk, chunk.count)
      }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return bytes
  }

  /// Writes `bytes` or a first part of them at `offset`; returns the byte count (pwrite(2)).
  ///
  /// A short count is how a full disk announces itself: the caller decides what it means.
  public func write(_ bytes: Span<UInt8>, at offset: Int) throws(SystemCallError) -> Int {
    let number = number
    return try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(SystemCallError) in
      try SystemCall.check("pwrite") {
        unsafe Glibc.pwrite(number, bytes.baseAddress, bytes.count, offset)
      }
    }
  }

  /// Writes all of `bytes` at `offset`.
  ///
  /// - Throws: what stopped it; a first part may be written then.
  public func writeAll(_ bytes: Span<UInt8>, at offset: Int) throws(SystemCallError) {
    var done = 0
    while done < bytes.count {
      done += try write(bytes.extracting(done...), at: offset + done)
    }
  }

  /// Puts the file's data, and the size that reaches it, on disk (fdatasync(2)).
  public func synchronizeData() throws(SystemCallError) {
    _ = try SystemCall.check("fdatasync") { Glibc.fdatasync(number) }
  }

  /// Puts everything of a file or directory on disk (fsync(2)).
  public func synchronize() throws(SystemCallError) {
    _ = try SystemCall.check("fsync") { Glibc.fsync(number) }
  }

  /// Cuts or extends the file to `byteCount` (ftruncate(2)).
  public func truncate(to byteCount: Int) throws(SystemCallError) {
    _ = try SystemCall.check("ftruncate") { Glibc.ftruncate(number, byteCount) }
  }

  /// What the kernel tells of the file (statx(2)).
  public func status() throws(SystemCallError) -> FileStatus {
    try FileStatus(of: number, "")
  }
}
