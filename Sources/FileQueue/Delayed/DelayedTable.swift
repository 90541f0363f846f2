/// Which events wait, as the entries of the file `delayed` say, one after the other; in memory.
struct DelayedTable {
  /// An event that waits.
  struct Place: Hashable {
    /// When it is due, in milliseconds since 1970.
    let due: Int64
    /// Where its entry lies in the file.
    let entry: Range<Int>
    /// The key of its publisher, as it stands in the head.
    let key: [UInt8]?
    /// Whether a process is publishing it, or died of it.
    var isTaken: Bool
  }

  private(set) var places: [DelayedID: Place] = [:]
  /// Bytes of their entries.
  private(set) var byteCount = 0
  /// The highest id that any event has had, of those that the entries tell of.
  private(set) var highestID: DelayedID?
  private var keys: [[UInt8]: DelayedID] = [:]
  /// A turn of each event that waits, and of some that wait no more; those before `head` are all of these.
  private var turns: [DelayedTurn] = []
  private var head = 0
  private var isSorted = true

  /// How many events wait.
  var count: Int { places.count }

  /// The event that waits under a publisher's key.
  func id(ofKey key: [UInt8]) -> DelayedID? { keys[key] }

  // MARK: - What the entries say

  /// Takes in the next entry.
  ///
  /// - Parameters:
  ///   - place: where it lies in the file.
  ///   - bytes: those in which its layout lies.
  mutating func apply(_ entry: DelayedEntry, at place: Range<Int>, _ bytes: Span<UInt8>) {
    switch entry {
    case .waiting(let id, let due, _, let layout):
      var key: [UInt8]?
      if let range = layout.key(in: bytes) { key = range.map { bytes[$0] } }
      add(id, Place(due: due, entry: place, key: key, isTaken: false))
    case .taken(let id): places[id]?.isTaken = true
    case .gone(let id, _): remove(id)
    }
  }

  private mutating func add(_ id: DelayedID, _ place: Place) {
    remove(id)
    places[id] = place
    highestID = max(highestID ?? id, id)
    byteCount += place.entry.count
    if let key = place.key { keys[key] = id }
    let turn = DelayedTurn(due: place.due, id: id)
    if let last = turns.last, turn < last { isSorted = false }
    turns.append(turn)
  }

  mutating func remove(_ id: DelayedID) {
    guard let place = places.removeValue(forKey: id) else { return }
    byteCount -= place.entry.count
    if let key = place.key, keys[key] == id { keys[key] = nil }
  }

  // MARK: - Their order

  /// The turns behind one, or from the first on, in their order, for as long as `visit` returns true.
  mutating func forEachTurn(behind last: DelayedTurn? = nil, _ visit: (DelayedTurn, Place) -> Bool)
  {
    tidy()
    var index = last.map { place(behind: $0) } ?? head
    while index < turns.count {
      let turn = turns[index]
      if let place = places[turn.id], !visit(turn, place) { return }
      index += 1
    }
  }

  private func place(behind last: DelayedTurn) -> Int {
    var (low, high) = (head, turns.count)
    while low < high {
      let middle = (low + high) / 2
      if turns[middle] <= last { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func tidy() {
    if !isSorted || turns.count > 2 * places.count + Self.staleTurnCountMaximum {
      turns = turns[head...].filter { places[$0.id] != nil }
      head = 0
      if !isSorted { turns.sort() }
      isSorted = true
    }
    while head < turns.count, places[turns[head].id] == nil { head += 1 }
  }

  /// Turns of events that wait no more are thrown away when there are so many of them, and as many as of
  /// those that wait.
  private static let staleTurnCountMaximum = 1024
}
