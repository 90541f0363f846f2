import Kernel
import SystemPackage

/// The file `epoch`: which format the folder has and which epochs the queue has had; see <doc:Format>.
enum EpochFile {
  /// What the file is called.
  static let name = "epoch"

  /// Reads the file in a folder; nil where there is none.
  ///
  /// - Throws: `notAQueue` where it is another program's, `badEpochFile` where it is damaged, `unknownFormat`, `system`.
  static func read(in folder: FilePath) throws(QueueError) -> Epochs? {
    var content: [UInt8]
    do {
      let file = try Descriptor.open(folder.appending(name), .readOnly)
      let byteCount = try min(file.status().byteCount, QueueLimits.epochFileByteCountMaximum + 1)
      content = [UInt8](repeating: 0, count: byteCount)
      var span = content.mutableSpan
      let count = try file.read(at: 0, into: &span)
      content.removeLast(byteCount - count)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      if error.errno == .isDirectory {
        throw .notAQueue(path: folder.string, reason: "`epoch` in it is a directory")
      }
      throw .system(error)
    }
    return try parse(content, in: folder)
  }

  /// Reads what stands in the file.
  static func parse(_ content: [UInt8], in folder: FilePath) throws(QueueError) -> Epochs {
    let lines = content.split(separator: UInt8(ascii: "\n")).map { line in
      line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
    }
    guard let head = lines.first, head.count >= 3, head[0] == "weir-queue" else {
      throw .notAQueue(path: folder.string, reason: "its `epoch` file is another program's")
    }
    guard ["1", "2"].contains(head[1]) else {
      throw .unknownFormat(path: folder.string, version: head[1])
    }
    let words = [Array(head[2...])] + lines[1...]
    guard content.count <= QueueLimits.epochFileByteCountMaximum,
      let epochs = head[1] == "1"
        ? first(words) : content.last == UInt8(ascii: "\n") ? list(words) : nil
    else {
      throw .badEpochFile(path: folder.appending(name).string, reason: "is damaged")
    }
    return epochs
  }

  private static func first(_ lines: [[String]]) -> Epochs? {
    guard lines.count == 1, lines[0].count == 1 else { return nil }
    return epoch(lines[0][0]).map { Epochs($0) }
  }

  /// Newest first in the file.
  private static func list(_ lines: [[String]]) -> Epochs? {
    var entries: [Epochs.Entry] = []
    for words in lines.reversed() {
      guard words.count == 2, let epoch = epoch(words[0]), let first = UInt64(words[1]),
        "\(first)" == words[1]
      else { return nil }
      entries.append(Epochs.Entry(epoch: epoch, first: first))
    }
    return Epochs(entries)
  }

  private static func epoch(_ text: String) -> UInt32? {
    guard let epoch = UInt32(text, radix: 16), "\(HexadecimalDigits(epoch))" == text else {
      return nil
    }
    return epoch
  }

  /// What stands in the file for these epochs.
  ///
  /// A queue that has had one says so as it always did, so that an older weir can open it.
  static func content(_ epochs: Epochs) -> [UInt8] {
    let lines = epochs.entries.reversed().map { "\(HexadecimalDigits($0.epoch)) \($0.first)\n" }
    let text =
      epochs.entries.count == 1
      ? "weir-queue 1 \(HexadecimalDigits(epochs.current))\n" : "weir-queue 2 \(lines.joined())"
    return Array(text.utf8)
  }
}
