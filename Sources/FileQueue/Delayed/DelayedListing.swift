import Kernel
public import SystemPackage

/// The events of a queue that wait for their time, as they are at one moment; permission to read is enough.
public struct DelayedListing: ~Copyable {
  private var file: DelayedFile?

  /// Reads the queue at `path`, which may be in use.
  ///
  /// - Throws: `noQueue`, `notAQueue`, `unknownFormat`, `system`.
  public init(readingAt path: FilePath) throws(QueueError) {
    let directory = QueueDirectory(path: path)
    _ = try directory.existingEpochs()
    // What is being appended at this moment looks like damage, and is passed over.
    file = try DelayedFile.read(directory)
  }

  /// The events, in the order in which they are due.
  ///
  /// - Parameter last: those behind this one; nil from the first one on.
  public mutating func page(
    behind last: DelayedTurn? = nil, countMaximum: Int
  ) throws(QueueError) -> DelayedPage {
    try mapping { () throws(SystemCallError) in
      try file?.page(behind: last, countMaximum: countMaximum)
        ?? DelayedPage(events: [], next: nil, count: 0)
    }
  }

  /// How many events wait in the queue at `path`, and when the first one is due; reads all of them.
  public static func figures(ofQueueAt path: FilePath) throws(QueueError) -> DelayedFigures {
    var listing = try DelayedListing(readingAt: path)
    let page = try listing.page(countMaximum: 1)
    var figures = DelayedFigures(waitingCount: page.count)
    figures.nextDue = page.events.first?.due
    return figures
  }

  /// An event that waits; nil where there is none of the id.
  public mutating func waiting(_ id: DelayedID) throws(QueueError) -> WaitingEvent? {
    try mapping { () throws(SystemCallError) in try file?.waiting(id) ?? nil }
  }
}
