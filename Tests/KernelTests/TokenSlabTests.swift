import Testing

@testable import Kernel

struct TokenSlabTests {
  private final class Thing {}

  @Test func `a token of something that is gone finds nothing, even in a used place`() {
    var slab = TokenSlab<Thing>()
    let first = slab.reserve()
    slab.insert(Thing(), at: first)
    #expect(slab.element(first) != nil)
    slab.release(first)
    #expect(slab.element(first) == nil)
    let second = slab.reserve()
    let thing = Thing()
    slab.insert(thing, at: second)
    #expect(second.slot == first.slot)
    #expect(slab.element(first) == nil)
    #expect(slab.element(second) === thing)
    #expect(slab.count == 1)
  }
}
