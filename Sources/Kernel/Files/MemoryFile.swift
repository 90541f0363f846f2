import CLinux
import Glibc

/// A file that lives in memory and has no name (memfd_create(2)); belongs to one thread.
public struct MemoryFile: ~Copyable {
  /// The open file.
  public let descriptor: Descriptor
  /// It is not longer than this.
  private var byteCountMaximum = 0

  /// An empty file; `name` shows in /proc only.
  public init(name: StaticString) throws(SystemCallError) {
    let number = try SystemCall.check("memfd_create") {
      unsafe weir_memfd_create(
        UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self))
    }
    descriptor = Descriptor(owning: number)
  }

  /// Makes `bytes` the whole content and puts the reading position at its start.
  public mutating func replaceContent(with bytes: Span<UInt8>) throws(SystemCallError) {
    // Cutting costs more than writing, and most requests are as long as the one before.
    if bytes.count < byteCountMaximum { try descriptor.truncate(to: bytes.count) }
    byteCountMaximum = bytes.count
    var done = 0
    while done < bytes.count {
      done += try descriptor.write(bytes.extracting(done...), at: done)
    }
    let number = descriptor.number
    _ = try SystemCall.check("lseek") { Glibc.lseek(number, 0, SEEK_SET) }
  }
}
