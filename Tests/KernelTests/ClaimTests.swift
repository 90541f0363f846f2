import Kernel
import Support
import SystemPackage
import Testing

struct ClaimTests {
  @Test func `one open file at a time has the claim, and others see that`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path.appending("page")
    try Descriptor.open(path, .createNew).writeAll([UInt8(1)].span, at: 0)
    let looking = try Descriptor.open(path, .readOnly)
    let before = try looking.isClaimed()
    #expect(!before)
    do {
      let owner = try Descriptor.open(path, .readWrite)
      #expect(try owner.claim())
      let second = try Descriptor.open(path, .readWrite)
      #expect(try !second.claim())
      let during = try looking.isClaimed()
      #expect(during)
      let seenByTheOwner = try owner.isClaimed()
      #expect(!seenByTheOwner, "its own claim is none in its way")
    }
    let after = try looking.isClaimed()
    #expect(!after, "the claim goes with the descriptor")
  }

  @Test func `closing another descriptor of the file leaves the claim where it is`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path.appending("page")
    let owner = try Descriptor.open(path, .createNew)
    #expect(try owner.claim())
    do { _ = try Descriptor.open(path, .readWrite).isClaimed() }
    let isClaimed = try Descriptor.open(path, .readOnly).isClaimed()
    #expect(isClaimed)
  }
}
