import Kernel
import SystemPackage

/// Reads a tar archive as it comes, and takes out of it what a queue consists of.
///
/// Of a name in the archive its last part alone is looked at, so that nothing can get out of the folder.
struct TarReader {
  /// How far the archive has been read.
  private(set) var offset = 0
  private let read: () throws(SystemCallError) -> [UInt8]?
  private var waiting: ArraySlice<UInt8> = []

  init(_ read: @escaping () throws(SystemCallError) -> [UInt8]?) {
    self.read = read
  }

  /// Writes a queue's files into a folder, on disk; all else is passed over.
  mutating func unpack(into folder: QueueDirectory) throws(QueueError) {
    while let header = try nextHeader() {
      guard header.kind == .file, let name = Self.name(header.name) else {
        try pass(header.byteCount + TarHeader.padding(behind: header.byteCount)) { _ in }
        continue
      }
      let file = try mapping { () throws(SystemCallError) in
        let path = folder.path.appending(name)
        if name == KnownLosses.path {
          _ = try folder.makeFolder(folder.quarantinePath)
        }
        return try folder.open(path, .createNew)
      }
      var place = 0
      try pass(header.byteCount) { (bytes) throws(SystemCallError) in
        try file.writeAll(bytes, at: place)
        place += bytes.count
      }
      try mapping { () throws(SystemCallError) in try file.synchronize() }
      try pass(TarHeader.padding(behind: header.byteCount)) { _ in }
    }
    try mapping { () throws(SystemCallError) in try folder.synchronize() }
  }

  /// What a file of an archive is called in a queue; nil for what it has no use for.
  private static func name(_ path: String) -> String? {
    let parts = path.utf8.split(separator: UInt8(ascii: "/")).map {
      String(decoding: $0, as: UTF8.self)
    }
    guard let last = parts.last else { return nil }
    if last == EpochFile.name || last == QueueDirectory.tailName { return last }
    if SegmentName(textFile: last) != nil || SegmentName(derivedFile: last) != nil { return last }
    return parts.suffix(2).joined(separator: "/") == KnownLosses.path ? KnownLosses.path : nil
  }

  /// The next header; nil at the archive's end.
  private mutating func nextHeader() throws(QueueError) -> TarHeader? {
    var bytes: [UInt8] = []
    let place = offset
    try pass(TarHeader.byteCount) { piece in
      for index in piece.indices { bytes.append(piece[index]) }
    }
    if bytes.allSatisfy({ $0 == 0 }) { return nil }
    guard let header = TarHeader(bytes) else {
      throw .badArchive(offset: place, reason: "no tar archive, or a damaged one")
    }
    return header
  }

  /// Hands out the next bytes, piece by piece.
  private mutating func pass(
    _ byteCount: Int, _ visit: (Span<UInt8>) throws(SystemCallError) -> Void
  ) throws(QueueError) {
    var rest = byteCount
    while rest > 0 {
      if waiting.isEmpty {
        guard let more = try mapping({ () throws(SystemCallError) in try read() }) else {
          throw .badArchive(offset: offset, reason: "it ends too early")
        }
        waiting = more[...]
      }
      let piece = Array(waiting.prefix(rest))
      try mapping { () throws(SystemCallError) in try visit(piece.span) }
      waiting.removeFirst(piece.count)
      rest -= piece.count
      offset += piece.count
    }
  }
}
