import Kernel
import SystemPackage

/// A group's file: its state in slots, of which one is always whole, and the lock of who changes it.
///
/// Two slots are written in turn, so that a writer that dies in the middle has changed nothing; two more are
/// written in turn by ``GroupFolder/synchronize()``, each on disk before the other is written again, so that a
/// power cut leaves one of them whatever it does to the rest. Belongs to one thread.
struct GroupFile: ~Copyable {
  static let pageByteCount = 4096
  static let slotCount = 4
  private static let liveSlots = 0..<2
  private static let durableSlots = 2..<4
  private static let magic: UInt64 = 0x3170_7267_7269_6577  // weirgrp1
  private static let headByteCount = 24
  /// Far behind everything: a byte for each worker that has members, which it claims.
  private static let seatsOffset: Int64 = 1 << 32

  let name: GroupName
  let path: FilePath
  private let file: Descriptor
  private let lock: FileLock
  /// The numbers in the heads of the live slots when they were last read or written.
  private var seen: [UInt64] = [0, 0]
  private var pageCount = 1
  private(set) var slot = 0
  private(set) var generation: UInt64 = 0

  /// Opens the file of a group; ``read(_:)`` follows, under the lock.
  init(_ name: GroupName, at path: FilePath) throws(SystemCallError) {
    let file = try Descriptor.open(path, .readWrite)
    lock = FileLock(try file.duplicate())
    self.file = file
    self.name = name
    self.path = path
  }

  // MARK: - The lock and the seats

  /// Takes the lock; throws `busy` where another has it for long, `deleted` where the file has no name any more.
  func hold() throws(GroupError) {
    let isHeld = try onFiles { () throws(SystemCallError) in
      try lock.lock(patience: GroupLimits.lockPatience)
    }
    guard isHeld else { throw .busy(name) }
    let linkCount = try onFiles { () throws(SystemCallError) in try file.status().linkCount }
    guard linkCount > 0 else {
      release()
      throw .deleted(name)
    }
  }

  /// Gives the lock back.
  func release() {
    // It goes with the file, too.
    try? lock.unlock()
  }

  /// Takes a seat that no worker has; the holder of the lock may, once it has removed the members of those who are
  /// gone.
  func takeSeat() throws(SystemCallError) -> UInt16? {
    for seat in 0..<UInt16(GroupLimits.seatCountMaximum)
    where try file.claim(byteAt: Self.seatsOffset + Int64(seat)) {
      return seat
    }
    return nil
  }

  /// Whether another worker has a seat.
  func isTaken(_ seat: UInt16) -> Bool { Self.isTaken(seat, in: file) }

  /// The same by a file that is open.
  static func isTaken(_ seat: UInt16, in file: borrowing Descriptor) -> Bool {
    // Rather somebody who is gone for too long than an event for two.
    (try? file.isClaimed(byteAt: seatsOffset + Int64(seat))) ?? true
  }

  // MARK: - Reading

  /// The state in the file; nil where it is still the one that was read or written last.
  mutating func readChanged() throws(GroupError) -> GroupState? {
    var head = [UInt8](repeating: 0, count: 2 * Self.pageByteCount)
    try onFiles { () throws(SystemCallError) in
      var span = head.mutableSpan
      _ = try file.read(at: 0, into: &span)
    }
    let numbers = Self.liveSlots.map { Self.number(head.span, at: $0 * Self.pageByteCount) }
    if numbers == seen, generation > 0 { return nil }
    let content = try onFiles { () throws(SystemCallError) in try readAll() }
    pageCount = max(1, content.count / (Self.pageByteCount * Self.slotCount))
    let states = (0..<Self.slotCount).compactMap { Self.state(content, slot: $0) }
    guard let best = states.max(by: { $0.generation < $1.generation }) else {
      throw .damaged(name, path: path.string)
    }
    seen = Self.liveSlots.map { Self.number(content.span, at: $0 * Self.pageByteCount) }
    generation = max(best.generation, seen.max() ?? 0)
    // The next state goes where the valid one is not.
    let live = states.filter { Self.liveSlots.contains($0.slot) }
    slot = live.max { $0.generation < $1.generation }?.slot ?? 1
    return best.state
  }

  /// Whether another worker has written to it.
  var hasChanged: Bool {
    (try? Self.liveSlots.map { slot throws(SystemCallError) in
      var head = [UInt8](repeating: 0, count: Self.headByteCount)
      var span = head.mutableSpan
      _ = try file.read(at: slot * Self.pageByteCount, into: &span)
      return Self.number(head.span, at: 0)
    }) != seen
  }

  /// All of the file.
  private func readAll() throws(SystemCallError) -> [UInt8] {
    let byteCount = min(
      try file.status().byteCount,
      Self.slotCount * (GroupState.byteCountMaximum + 2 * Self.pageByteCount))
    var bytes = [UInt8](repeating: 0, count: max(byteCount, 2 * Self.pageByteCount))
    var span = bytes.mutableSpan
    let count = try file.read(at: 0, into: &span)
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// The number in a slot's head; damage may have left any.
  private static func number(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
    guard bytes.count >= start + headByteCount else { return 0 }
    return min(bytes.littleEndian64(at: start + 8), .max / 2)
  }

  /// What is in a slot; nil where that is not whole.
  static func state(
    _ content: [UInt8], slot: Int
  ) -> (slot: Int, generation: UInt64, state: GroupState)? {
    let start = slot * pageByteCount
    guard content.count >= start + headByteCount,
      content.span.littleEndian64(at: start) == magic
    else { return nil }
    let byteCount = Int(content.span.littleEndian32(at: start + 16))
    guard byteCount <= GroupState.byteCountMaximum else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headByteCount + byteCount + pageByteCount)
    var page = 0
    while bytes.count < headByteCount + byteCount {
      let offset = (page * slotCount + slot) * pageByteCount
      guard offset < content.count else { return nil }
      bytes += content[offset..<min(offset + pageByteCount, content.count)]
      page += 1
    }
    let checksum = content.span.littleEndian32(at: start + 20)
    let generation = content.span.littleEndian64(at: start + 8)
    let payload = bytes.span.extracting(headByteCount..<(headByteCount + byteCount))
    guard Self.checksum(generation, payload) == checksum, let state = GroupState(payload) else {
      return nil
    }
    return (slot, generation, state)
  }

  private static func checksum(_ generation: UInt64, _ payload: Span<UInt8>) -> UInt32 {
    var head: [UInt8] = []
    head.append(littleEndian: generation)
    var checksum = CRC32C()
    checksum.update(head.span)
    checksum.update(payload)
    return checksum.value
  }

  // MARK: - Writing

  /// Writes a state; the holder of the lock may.
  mutating func write(_ state: GroupState) throws(SystemCallError) {
    let slot = 1 - slot
    let generation = generation + 1
    try put(Self.bytes(of: state, generation), slot: slot)
    self.slot = slot
    self.generation = generation
    seen[slot] = generation
  }

  private mutating func put(
    _ bytes: [UInt8], slot: Int
  ) throws(SystemCallError) {
    let needed = (bytes.count + Self.pageByteCount - 1) / Self.pageByteCount
    let stride = Self.slotCount * Self.pageByteCount
    if needed > pageCount {
      // Without holes, which archives tell apart from zeros.
      let zeros = [UInt8](repeating: 0, count: (needed - pageCount) * stride)
      try file.writeAll(zeros.span, at: pageCount * stride)
      pageCount = needed
    }
    for page in (0..<needed).reversed() {
      let start = page * Self.pageByteCount
      let end = min(start + Self.pageByteCount, bytes.count)
      try file.writeAll(
        bytes.span.extracting(start..<end), at: page * stride + slot * Self.pageByteCount)
    }
  }

  /// A slot's content.
  private static func bytes(of state: GroupState, _ generation: UInt64) -> [UInt8] {
    let payload = state.bytes
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headByteCount + payload.count)
    bytes.append(littleEndian: magic)
    bytes.append(littleEndian: generation)
    bytes.append(littleEndian: UInt32(payload.count))
    bytes.append(littleEndian: checksum(generation, payload.span))
    return bytes + payload
  }

  /// A whole file with one state in it.
  static func content(_ state: GroupState) -> [UInt8] {
    let bytes = bytes(of: state, 1)
    let pageCount = (bytes.count + pageByteCount - 1) / pageByteCount
    var content = [UInt8](repeating: 0, count: pageCount * slotCount * pageByteCount)
    for page in 0..<pageCount {
      let start = page * pageByteCount
      let piece = bytes[start..<min(start + pageByteCount, bytes.count)]
      // Where a sync puts it: the file is on disk before it has its name.
      let offset = (page * slotCount + durableSlots.lowerBound) * pageByteCount
      content.replaceSubrange(offset..<(offset + piece.count), with: piece)
    }
    return content
  }

  /// The state of a file that others may be writing to.
  static func state(in content: [UInt8]) -> GroupState? {
    (0..<slotCount).compactMap { state(content, slot: $0) }
      .max { $0.generation < $1.generation }?.state
  }

  // MARK: - On disk

  /// What a sync is to put on disk.
  struct Noted: Hashable {
    let slot: Int
    /// The state's number.
    let number: UInt64
    /// Whether there is nothing newer that is to follow.
    let isNewest: Bool
  }

  /// Notes the state where a power cut leaves it, unless it is there already; a sync has to follow before the
  /// next one.
  ///
  /// - Parameters:
  ///   - failed: the slot whose sync has failed: the other one is on disk.
  ///   - synced: the number of the state that is known to be on disk. What a process has written that died
  ///     before its sync is put there first: the other slot is all that a power cut would leave.
  /// - Returns: what was written; nil where nothing was to be done.
  mutating func noteForDisk(failed: Int?, synced: UInt64?) throws(GroupError) -> Noted? {
    generation = 0
    guard let state = try readChanged() else { return nil }
    let content = try onFiles { () throws(SystemCallError) in try readAll() }
    let live = Self.liveSlots.compactMap { Self.state(content, slot: $0)?.generation }.max() ?? 0
    let durable = Self.durableSlots.map { Self.state(content, slot: $0)?.generation ?? 0 }
    let newest = max(durable[0], durable[1])
    let first = Self.durableSlots.lowerBound
    if failed == nil, newest > 0, newest != synced {
      return Noted(
        slot: durable[0] == newest ? first : first + 1, number: newest, isNewest: live <= newest)
    }
    if failed == nil, live <= newest { return nil }
    let slot = failed ?? (durable[0] <= durable[1] ? first : first + 1)
    let number = max(live, 1)
    try onFiles { () throws(SystemCallError) in
      try put(Self.bytes(of: state, number), slot: slot)
    }
    return Noted(slot: slot, number: number, isNewest: true)
  }

  /// Puts what was written on disk.
  func synchronize() throws(SystemCallError) { try file.synchronizeData() }
}
