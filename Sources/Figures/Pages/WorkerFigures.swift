import FileQueue
import Kernel
import SystemPackage

/// What one worker has counted, as its page tells anybody who may read it.
package struct WorkerFigures: Sendable {
  /// Which page.
  let number: Int
  /// Whether the worker lives; what a dead one has counted still counts.
  let isAlive: Bool
  let values: PageValues

  init(number: Int, isAlive: Bool, values: PageValues) {
    self.number = number
    self.isAlive = isAlive
    var values = values
    if !isAlive { values.forgetGauges() }
    self.values = values
  }

  /// Reads page `number`; nil where there is none that this weir can read.
  init?(number: Int, in folder: FilePath) throws(SystemCallError) {
    do throws(SystemCallError) {
      let file = try Descriptor.open(folder.appending("\(number)"), .readOnly)
      let isAlive = try file.isClaimed()
      guard let values = try Self.values(in: file) else { return nil }
      self.init(number: number, isAlive: isAlive, values: values)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  /// All pages in a queue's folder, by their numbers.
  static func all(in folder: FilePath) throws(SystemCallError) -> [WorkerFigures] {
    var figures: [WorkerFigures] = []
    for number in 0..<FigureLimits.workerCountMaximum {
      if let page = try WorkerFigures(number: number, in: folder) { figures.append(page) }
    }
    return figures
  }

  /// When the worker began, in milliseconds since 1970.
  var startedAt: Int64 { Int64(truncatingIfNeeded: values[PageLayout.startedAtCell]) }

  /// What an acknowledgement of the worker is worth.
  var durability: Durability? {
    let place = values[PageLayout.durabilityCell]
    return place < UInt64(Durability.allCases.count) ? Durability.allCases[Int(place)] : nil
  }

  /// What a page's file says; nil where it is too short or of another weir.
  static func values(in file: borrowing Descriptor) throws(SystemCallError) -> PageValues? {
    var bytes = [UInt8](repeating: 0, count: PageLayout.byteCount)
    var span = bytes.mutableSpan
    let count = try file.read(at: 0, into: &span)
    return PageValues(bytes.span.extracting(0..<count))
  }
}
