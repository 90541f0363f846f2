/// Where keys stand, by their hashes: 16 bytes a slot, of which three in four are used at most.
///
/// A hash may be of another key: whoever looks one up compares what stands at the place.
struct KeyTable {
  private struct Slot {
    var hash: UInt64 = 0
    /// 0 for none.
    var place: UInt64 = 0
  }

  private static let slotCountMinimum = 1024
  private var slots: [Slot] = []
  /// Keys in it.
  private(set) var count = 0

  /// Notes that a key of this hash stands at a place, which is not 0.
  mutating func insert(_ hash: UInt64, at place: UInt64) {
    if (count + 1) * 4 > slots.count * 3 { grow() }
    Self.insert(Slot(hash: hash, place: place), into: &slots)
    count += 1
  }

  /// Calls `body` with each place where a key of this hash stands.
  func forEachPlace(
    of hash: UInt64, _ body: (UInt64) throws(QueueError) -> Void
  ) throws(QueueError) {
    guard count > 0 else { return }
    var number = Self.home(of: hash, slots.count)
    while slots[number].place != 0 {
      if slots[number].hash == hash { try body(slots[number].place) }
      number = (number + 1) & (slots.count - 1)
    }
  }

  /// Forgets all keys at some places.
  mutating func removeAll(in places: Range<UInt64>) {
    for number in slots.indices {
      // Another one may come into the hole.
      while slots[number].place != 0, places.contains(slots[number].place) { empty(number) }
    }
  }

  /// Empties a slot; those behind it that would not be found past the hole move into it.
  private mutating func empty(_ number: Int) {
    let mask = slots.count - 1
    var hole = number
    var next = (hole + 1) & mask
    while slots[next].place != 0 {
      let home = Self.home(of: slots[next].hash, slots.count)
      if (next &- home) & mask >= (next &- hole) & mask {
        slots[hole] = slots[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    slots[hole] = Slot()
    count -= 1
  }

  private mutating func grow() {
    var larger = [Slot](repeating: Slot(), count: max(Self.slotCountMinimum, slots.count * 2))
    for slot in slots where slot.place != 0 { Self.insert(slot, into: &larger) }
    slots = larger
  }

  private static func insert(_ slot: Slot, into slots: inout [Slot]) {
    var number = home(of: slot.hash, slots.count)
    while slots[number].place != 0 { number = (number + 1) & (slots.count - 1) }
    slots[number] = slot
  }

  private static func home(of hash: UInt64, _ slotCount: Int) -> Int {
    Int(truncatingIfNeeded: hash) & (slotCount - 1)
  }
}
