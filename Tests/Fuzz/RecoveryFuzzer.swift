import Foundation
import Kernel
import SystemPackage

@testable import FileQueue

/// Recovery: a directory of any bytes opens, gives only events whose checksum and id are right, tells
/// of each that is missing, and gives the same when it is opened again.
///
/// The input is files with a line `--8<--` between them: text and index of the first segment, text
/// of a second one, the tail. The second segment's name is the first character of its part, which is
/// left out: `4` stands for the segment that begins with event 4.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try check(bytes)
    // A sequence of 18 digits would make an index of as many entries.
    try check(mendingChecksums(bytes, sequenceMaximum: 9999))
  } catch {
    fatalError("does not hold: such a directory can be opened and read: \(error)")
  }
  return 0
}

private let directory: FilePath = {
  let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
  return FilePath(parent).appending("weir-fuzz-\(getpid())")
}()

private func check(_ bytes: [UInt8]) throws {
  try fill(parts(of: bytes))
  do {
    let first = try openAndRead()
    let second = try openAndRead()
    require(second == first, "opened twice, it is the same: \(first) and then \(second)")
  } catch QueueError.badEpochFile {
    // Events of another queue are not taken for damage.
  }
  try FileManager.default.removeItem(atPath: directory.string)
}

private func parts(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
  let line = Array("--8<--\n".utf8)
  var parts: [ArraySlice<UInt8>] = []
  var start = 0
  var index = 0
  while index + line.count <= bytes.count {
    guard bytes[index..<(index + line.count)].elementsEqual(line) else {
      index += 1
      continue
    }
    parts.append(bytes[start..<index])
    index += line.count
    start = index
  }
  return parts + [bytes[start...]]
}

private func fill(_ parts: [ArraySlice<UInt8>]) throws {
  _ = try FileSystem.makeDirectory(directory)
  try write(Array("weir-queue 1 6f2a91c4\n".utf8)[...], "epoch")
  try write(parts[0], SegmentName(first: 1).textFile)
  if parts.count > 1 { try write(parts[1], SegmentName(first: 1).indexFile) }
  if parts.count > 2, let digit = parts[2].first {
    let name = SegmentName(first: 2 + UInt64(digit &- UInt8(ascii: "2")) % 16)
    try write(parts[2].dropFirst(), name.textFile)
  }
  if parts.count > 3 { try write(parts[3], "tail") }
}

private func write(_ bytes: ArraySlice<UInt8>, _ name: String) throws {
  let file = try Descriptor.open(directory.appending(name), .createIfMissing)
  try file.writeAll(Array(bytes).span)
}

private func openAndRead() throws -> [String] {
  let queue = try Queue(at: directory, creating: true)
  var reader = QueueReader(queue)
  var cursor = try reader.cursor(at: 1)
  var found: [String] = []
  var next: UInt64 = 1
  var outcome = ReadOutcome.more
  while outcome != .caughtUp {
    outcome = try reader.read(from: &cursor, byteCountMaximum: 200) { record, bytes in
      require(record.sequence == next, "event \(next) comes next, not \(record.sequence)")
      found.append(checkedBody(record, bytes))
      next += 1
    }
    guard case .gap(let gap) = outcome else { continue }
    require(gap.missing.lowerBound == next, "a gap begins with \(next): \(gap)")
    require(!gap.missing.isEmpty, "a gap has an event: \(gap)")
    found.append("gap \(gap.missing)")
    next = gap.missing.upperBound
  }
  require(next == queue.durableNext, "reading ends at \(queue.durableNext), not at \(next)")
  return found
}

private func checkedBody(_ record: RecordLayout, _ bytes: Span<UInt8>) -> String {
  let copy = (record.start..<record.body.upperBound).map { bytes[$0] }
  guard let head = PlainHead(copy, at: 0) else { fatalError("does not hold: \(record) has a head") }
  let field = String(decoding: copy[head.checksumField], as: UTF8.self)
  require(
    UInt32(field, radix: 16) == head.checksum(in: copy, from: 0), "\(record) has its checksum")
  let id = "id: 6f2a91c4-\(record.sequence)\n\n"
  require(copy.suffix(id.utf8.count).elementsEqual(id.utf8), "\(record) ends with its id")
  return String(decoding: copy, as: UTF8.self)
}
