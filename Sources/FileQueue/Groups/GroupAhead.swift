import Kernel

/// What a group's members will be given next: the events behind its place that its topics want, looked up before
/// the group's lock is taken.
struct GroupAhead {
  /// An event, or news of missing ones.
  struct Item: Hashable {
    let sequence: UInt64
    let content: GroupClaim.Content
    let byteCount: UInt32
  }

  private var items: [Item] = []
  private var taken = 0
  private var cursor: Cursor?
  /// Whether there is more behind it than was looked up.
  private(set) var isCutOff = false

  /// What was looked up is nothing.
  init() {}

  /// What was looked up is given: all that is wanted before `next`.
  init(_ items: [Item], next: UInt64) {
    self.items = items
    cursor = Cursor(before: next)
  }

  /// The first item that is left.
  var first: Item? { taken < items.count ? items[taken] : nil }

  /// The first event that is neither taken nor known not to be wanted; 0 where nothing was looked up.
  var next: UInt64 { first.map(Self.begin) ?? cursor?.sequence ?? 0 }

  private static func begin(_ item: Item) -> UInt64 {
    if case .gap(let from, _) = item.content { from } else { item.sequence }
  }

  /// Takes the first item.
  mutating func removeFirst() {
    taken += 1
  }

  /// Forgets what lies before the place of the group: others have been there.
  mutating func move(to next: UInt64) {
    while let item = first, item.sequence < next { taken += 1 }
    if taken == items.count {
      items.removeAll(keepingCapacity: true)
      taken = 0
    } else if taken >= GroupLimits.aheadEventCountMaximum {
      items.removeFirst(taken)
      taken = 0
    }
    guard let place = cursor?.sequence, place >= next else {
      cursor = Cursor(before: next)
      return
    }
  }

  /// Looks up what comes behind `next`, where less is known than there may be.
  ///
  /// - Parameter unixNow: in milliseconds since 1970; what has expired is nobody's.
  mutating func fill(
    from next: UInt64, _ terms: GroupTerms, _ reader: inout QueueReader, unixNow: Int64
  ) throws(QueueError) {
    move(to: next)
    guard var place = cursor, items.count - taken < GroupLimits.aheadEventCountMaximum else {
      return
    }
    var found: [Item] = []
    defer {
      items += found
      cursor = place
    }
    let outcome = try reader.read(
      from: &place, matching: terms.filter, byteCountMaximum: GroupLimits.aheadByteCountMaximum
    ) { record, bytes in
      if record.expiresAt <= unixNow || !terms.names.take(bytes.extracting(record.body)) { return }
      found.append(
        Item(
          sequence: record.sequence, content: .event, byteCount: UInt32(clamping: record.body.count)
        ))
    }
    isCutOff = outcome != .caughtUp
    if case .gap(let gap) = outcome {
      found.append(
        Item(
          sequence: gap.missing.upperBound - 1,
          content: .gap(from: gap.missing.lowerBound, gap.reason), byteCount: 0))
    }
  }
}
