/// Objects that an epoll knows by tokens; belongs to the thread of that epoll.
///
/// A token of an object that is gone finds nothing, even after its slot was given away again.
public struct TokenSlab<Element: AnyObject> {
  @usableFromInline var slots: [Element?] = []
  @usableFromInline var generations: [UInt32] = []
  private var free: [UInt32] = []

  /// An empty slab.
  public init() {}

  /// How many objects there are.
  public var count: Int { slots.count - free.count }

  /// A token for a new object, never one with generation 0; ``insert(_:at:)`` follows.
  public mutating func reserve() -> EpollToken {
    if let slot = free.popLast() {
      return EpollToken(slot: slot, generation: generations[Int(slot)])
    }
    slots.append(nil)
    generations.append(1)
    return EpollToken(slot: UInt32(slots.count - 1), generation: 1)
  }

  /// Puts an object at the place of its token.
  public mutating func insert(_ element: Element, at token: EpollToken) {
    slots[Int(token.slot)] = element
  }

  /// Makes a token stale and its place free.
  public mutating func release(_ token: EpollToken) {
    let slot = Int(token.slot)
    slots[slot] = nil
    generations[slot] = max(1, generations[slot] &+ 1)
    free.append(token.slot)
  }

  /// The object of a token, or nil where it is gone.
  @inlinable
  public func element(_ token: EpollToken) -> Element? {
    let slot = Int(token.slot)
    guard slot < slots.count, generations[slot] == token.generation else { return nil }
    return slots[slot]
  }

  /// All objects, in no order.
  public var all: [Element] { slots.compactMap { $0 } }
}
