import CLinux
import Glibc
public import SystemPackage

/// How ``Descriptor/open(_:_:permissions:)`` opens a file.
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
    case .readWrite: O_RDWR
    case .createIfMissing: O_RDWR | O_CREAT
    case .createNew: O_RDWR | O_CREAT | O_EXCL
    case .directory: O_RDONLY | O_DIRECTORY
    }
  }
}

/// What stat(2) tells of a file, as far as weir asks.
public struct FileStatus: Hashable, Sendable {
  /// Size in bytes.
  public let byteCount: Int
  /// Number of names; 0 once the file is unlinked.
  public let linkCount: Int
  /// Which file it is, whatever its name: device and inode.
  public let identity: FileIdentity
  /// When the content last changed, in whole seconds since 1970.
  public let modifiedUnixSeconds: Int
}

/// A file, told apart from any other: device and inode number.
public struct FileIdentity: Hashable, Sendable {
  let device: UInt
  let inode: UInt
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

  /// Size, link count, identity and age of the file (fstat(2)).
  public func status() throws(SystemCallError) -> FileStatus {
    var status = Glibc.stat()
    _ = try SystemCall.check("fstat") { unsafe Glibc.fstat(number, &status) }
    return FileStatus(
      byteCount: status.st_size, linkCount: Int(status.st_nlink),
      identity: FileIdentity(device: status.st_dev, inode: status.st_ino),
      modifiedUnixSeconds: status.st_mtim.tv_sec)
  }
}
