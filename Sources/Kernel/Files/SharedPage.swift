import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A page of a file that several processes share as memory: cells of 64 bits, each read and written
/// as a whole (mmap(2), MAP_SHARED).
///
/// Any thread of any process may use it; the ordering of a store and a load is acquire and release.
/// The file must keep its size while it is mapped.
@safe
public struct SharedPage: ~Copyable, @unchecked Sendable {
  private let cells: UnsafeMutablePointer<Atomic<UInt64>>

  /// Bytes of the mapping: one page.
  public static let byteCount = 4096
  /// Cells in it.
  public static let cellCount = byteCount / 8

  private let isWritable: Bool

  /// Maps the first page of `descriptor`, which is at least that long.
  ///
  /// - Parameter isWritable: whether cells are stored to; the descriptor has to be open for that.
  public init(
    _ descriptor: borrowing Descriptor, isWritable: Bool = true
  ) throws(SystemCallError) {
    guard let address = unsafe weir_map_shared(descriptor.number, Self.byteCount, isWritable) else {
      throw SystemCallError(call: "mmap", errno: Errno(rawValue: Glibc.errno))
    }
    self.isWritable = isWritable
    unsafe cells = address.bindMemory(to: Atomic<UInt64>.self, capacity: Self.cellCount)
  }

  deinit {
    _ = unsafe Glibc.munmap(cells, Self.byteCount)
  }

  /// Reads a cell; everything written before the store that it sees is visible.
  @inline(__always)
  public func load(_ cell: Int) -> UInt64 {
    precondition(cell >= 0 && cell < Self.cellCount)
    return unsafe cells[cell].load(ordering: .acquiring)
  }

  /// Writes a cell and publishes everything written before it.
  @inline(__always)
  public func store(_ value: UInt64, _ cell: Int) {
    precondition(isWritable && cell >= 0 && cell < Self.cellCount)
    unsafe cells[cell].store(value, ordering: .releasing)
  }

  /// Raises a cell to `value` unless it is there or above; never lowers it.
  public func raise(_ cell: Int, to value: UInt64) {
    precondition(isWritable && cell >= 0 && cell < Self.cellCount)
    unsafe cells[cell].max(value, ordering: .acquiringAndReleasing)
  }
}
