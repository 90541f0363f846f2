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
    var given: String?
    while var header = try nextHeader() {
      if header.kind == .longName || header.kind == .fields {
        given = try nameOfNext(header) ?? given
        continue
      }
      header.name = given ?? header.name
      given = nil
      guard header.kind != .other, let name = Self.name(header.name) else {
        try pass(header.byteCount) { _ in }
        try passPadding(of: header)
        continue
      }
      try unpack(header, as: name, into: folder)
    }
    try mapping { () throws(SystemCallError) in try folder.synchronize() }
  }

  private mutating func unpack(
    _ header: TarHeader, as name: String, into folder: QueueDirectory
  ) throws(QueueError) {
    guard header.kind == .file else {
      throw .badArchive(
        offset: offset,
        reason: "it has \(header.name) as a link or with holes: make it without those")
    }
    guard header.byteCount <= QueueLimits.archivedFileByteCountMaximum else {
      throw .badArchive(
        offset: offset, reason: "\(header.name) is larger than any file of a queue")
    }
    let file = try Self.make(name, of: header, in: folder, at: offset)
    var place = 0
    try pass(header.byteCount) { (bytes) throws(SystemCallError) in
      try file.writeAll(bytes, at: place)
      place += bytes.count
    }
    try mapping { () throws(SystemCallError) in try file.synchronize() }
    try passPadding(of: header)
  }

  private static func make(
    _ name: String, of header: TarHeader, in folder: QueueDirectory, at offset: Int
  ) throws(QueueError) -> Descriptor {
    do {
      if GroupFolder.isGroup(name) { _ = try folder.makeFolder(folder.groupsPath) }
      if name == KnownLosses.path { _ = try folder.makeFolder(folder.quarantinePath) }
      return try folder.open(folder.path.appending(name), .createNew)
    } catch {
      guard error.errno == .fileExists else { throw .system(error) }
      throw .badArchive(
        offset: offset, reason: "\(header.name) is the second \(name) in it: it has several queues")
    }
  }

  /// What a file of an archive is called in a queue; nil for what it has no use for.
  private static func name(_ path: String) -> String? {
    let parts = path.utf8.split(separator: UInt8(ascii: "/")).map {
      String(decoding: $0, as: UTF8.self)
    }
    guard let last = parts.last else { return nil }
    if parts.dropLast().last == KnownLosses.folder {
      return "\(KnownLosses.folder)/\(last)" == KnownLosses.path ? KnownLosses.path : nil
    }
    if let group = GroupFolder.path(folder: parts.dropLast().last, file: last) { return group }
    let names = [
      EpochFile.name, QueueDirectory.tailName, TopicLog.name, QueueDirectory.delayedName,
    ]
    if names.contains(last) { return last }
    let isOfSegment =
      SegmentName(textFile: last) != nil || SegmentName(derivedFile: last) != nil
      || SegmentName(keysFile: last) != nil
    return isOfSegment ? last : nil
  }

  /// The name that an entry has for the one behind it; nil where it has none.
  private mutating func nameOfNext(_ header: TarHeader) throws(QueueError) -> String? {
    guard header.byteCount <= QueueLimits.archivedFieldsByteCountMaximum else {
      throw .badArchive(offset: offset, reason: "a name in it is too long")
    }
    var bytes: [UInt8] = []
    try pass(header.byteCount) { piece in
      for index in piece.indices { bytes.append(piece[index]) }
    }
    try passPadding(of: header)
    if header.kind == .longName { return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    // `25 path=…` and a newline: the byte count of all of the line, a name and a value.
    var rest = bytes[...]
    var name: String?
    while let space = rest.firstIndex(of: UInt8(ascii: " ")),
      let count = UInt64(decimal: rest[..<space]), count <= rest.count,
      case let end = rest.startIndex + Int(count), end > space + 1
    {
      let field = rest[(space + 1)..<(end - 1)]
      if field.starts(with: "path=".utf8) {
        name = String(decoding: field[(field.startIndex + 5)...], as: UTF8.self)
      }
      rest = rest[end...]
    }
    return name
  }

  private mutating func passPadding(of header: TarHeader) throws(QueueError) {
    try pass(TarHeader.padding(behind: header.byteCount)) { _ in }
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
