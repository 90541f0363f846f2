import Kernel

/// Where everything stands in a worker's page: 512 cells of eight bytes.
///
/// ``LoopCount`` and ``Histogram`` say which cells are theirs.
package enum PageLayout {
  static let cellCount = 512
  static let byteCount = cellCount * 8

  /// What the cells mean; a page in which another number stands was written by another weir.
  static let checksumCell = 0
  /// When the worker began, in milliseconds since 1970.
  static let startedAtCell = 1
  /// What an acknowledgement of the worker is worth: the place in `Durability.allCases`.
  static let durabilityCell = 2
  /// Publish requests that were answered with a problem.
  package static let publishesRefusedCell = 104
  /// How many keys the worker remembers.
  package static let keysCell = 105
  /// How many events wait for their time, in the page of the worker that publishes them.
  package static let delayedWaitingCell = 106
  /// When the first of them is due, in milliseconds since 1970; 0 where none waits.
  package static let delayedNextDueCell = 107
  /// Delayed events that were dropped.
  package static let delayedDroppedCell = 108
  /// How long passes had to wait lately, in nanoseconds, a cell a stream loop.
  static let paceCells = 224..<(224 + FigureLimits.streamLoopCountMaximum)

  /// The cells that a stream loop counts in: its counts, gaps, lag.
  static let loopCells = 16..<96
  private static let gapCell = 64
  private static let refusalCell = 96
  private static let routeCell = 112
  private static let problemCell = 136

  /// Where gaps of a reason are counted.
  static func cell(_ reason: GapReason) -> Int { gapCell + place(of: reason) }
  /// Where streams are counted that were refused for a reason.
  package static func cell(_ refusal: StreamRefusal) -> Int { refusalCell + place(of: refusal) }
  /// Where requests for something are counted.
  package static func cell(_ route: Route) -> Int { routeCell + place(of: route) }
  /// Where answers with a problem of a code are counted.
  package static func cell(_ code: ProblemCode) -> Int { problemCell + place(of: code) }

  private static func place<Case: CaseIterable & Equatable>(of wanted: Case) -> Int {
    var place = 0
    for one in Case.allCases {
      if one == wanted { break }
      place += 1
    }
    return place
  }

  /// What stands in which cells, by name.
  static let areas: [(name: String, cells: Range<Int>)] = {
    let counts = LoopCount.allCases.map { ("\($0)", $0.rawValue..<$0.rawValue + 1) }
    let gaps = GapReason.allCases.map { ("gap \($0)", cell($0)..<cell($0) + 1) }
    let refusals = StreamRefusal.allCases.map { ("refusal \($0)", cell($0)..<cell($0) + 1) }
    let routes = Route.allCases.map { ("route \($0)", cell($0)..<cell($0) + 1) }
    let problems = ProblemCode.allCases.map { ("problem \($0)", cell($0)..<cell($0) + 1) }
    let others = [
      ("checksum", checksumCell..<checksumCell + 1), ("started", startedAtCell..<startedAtCell + 1),
      ("durability", durabilityCell..<durabilityCell + 1),
      ("publishes refused", publishesRefusedCell..<publishesRefusedCell + 1),
      ("lag from \(Histogram.lag.lowestExponent)", Histogram.lag.cells),
      ("publish from \(Histogram.publish.lowestExponent)", Histogram.publish.cells),
      ("keys", keysCell..<keysCell + 1), ("pace", paceCells),
      ("delayed waiting, next due, dropped", delayedWaitingCell..<delayedDroppedCell + 1),
    ]
    return counts + gaps + refusals + routes + problems + others
  }()

  /// Tells this layout from any other.
  static let checksum: UInt64 = {
    let text = areas.map { "\($0.name) \($0.cells)\n" }.joined()
    let bytes = Array(text.utf8)
    // Never 0, which an empty page has.
    return UInt64(CRC32C.of(bytes.span)) | 1 << 32
  }()

  /// Cells that say how things are, which mean nothing once the worker is gone.
  static let gaugeCells =
    Array(LoopCount.gauges) + Array(paceCells) + [keysCell, delayedWaitingCell, delayedNextDueCell]
  /// Cells that only rise, also from one worker to the next one that has the page.
  static let countCells = areas.flatMap(\.cells).filter {
    $0 > durabilityCell && !gaugeCells.contains($0)
  }
}
