import Support
import SystemPackage
import Testing

@testable import FileQueue

struct QueueOpeningTests {
  @Test func `a queue that is not there is an error unless it is to be made`() throws {
    let fixture = try QueueFixture()
    let path = fixture.path.appending("none")
    #expect(throws: QueueError.self) { try Queue(at: path, creating: false) }
    #expect(try Queue(at: path, creating: true).durableNext == 1)
  }

  @Test func `a directory with other files is no queue and is left alone`() throws {
    let fixture = try QueueFixture()
    try fixture.directory.write([1, 2, 3], to: "photo.jpg")
    let error = #expect(throws: QueueError.self) { try fixture.open() }
    #expect("\(error.map { "\($0)" } ?? "")".contains("photo.jpg"))
  }

  @Test(arguments: [
    ("weir-queue 3 6f2a91c4\n", "format 3"), ("weir-queue 1 6f2a91\n", "damaged"),
    ("something else\n", "another program"), ("", "another program"),
  ])
  func `an epoch file that this version cannot read says so`(
    content: String, words: String
  ) throws {
    let fixture = try QueueFixture()
    try fixture.directory.write(Array(content.utf8), to: "epoch")
    let error = #expect(throws: QueueError.self) { try fixture.open() }
    #expect("\(error.map { "\($0)" } ?? "")".contains(words))
  }

  @Test func `two queues have different epochs`() throws {
    let one = try QueueFixture()
    let other = try QueueFixture()
    #expect(try one.open().epoch != other.open().epoch)
  }
}
