import Kernel

/// What stands in the cells of a page, at one moment.
struct PageValues: Hashable, Sendable {
  private var cells: [UInt64]

  /// Nothing counted yet.
  init() {
    cells = [UInt64](repeating: 0, count: PageLayout.cellCount)
    cells[PageLayout.checksumCell] = PageLayout.checksum
  }

  /// What a page's file says; nil where it is too short or of another weir.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count == PageLayout.byteCount else { return nil }
    cells = (0..<PageLayout.cellCount).map { bytes.littleEndian64(at: $0 * 8) }
    guard cells[PageLayout.checksumCell] == PageLayout.checksum else { return nil }
  }

  /// The page as it stands in its file.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(PageLayout.byteCount)
    for cell in cells { bytes.append(littleEndian: cell) }
    return bytes
  }

  subscript(cell: Int) -> UInt64 {
    get { cells[cell] }
    set { cells[cell] = newValue }
  }

  subscript(count: LoopCount) -> UInt64 { self[count.rawValue] }

  /// Streams in whichever state.
  var openStreamCount: UInt64 { LoopCount.gauges.reduce(0) { $0 &+ self[$1] } }

  /// Streams that have yet to get what others have.
  var behindStreamCount: UInt64 {
    self[.streamsBehind] &+ self[.streamsBlocked] &+ self[.streamsPausing]
  }

  /// Forgets how things are, and keeps what has happened.
  mutating func forgetGauges() {
    for cell in PageLayout.gaugeCells { cells[cell] = 0 }
  }

  /// Adds what another page counts; what is no count means nothing in the sum.
  mutating func add(_ other: PageValues) {
    for cell in cells.indices { cells[cell] &+= other[cell] }
  }
}
