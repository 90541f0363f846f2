import Support
import Testing

@testable import Kernel

struct WakingTests {
  @Test func `letters come in order, and one ring is enough for many`() throws {
    let waker = try Waker()
    let mailbox = Mailbox<Int>(waker: waker)
    for number in 0..<5 { mailbox.post(number) }
    var epoll = try Epoll(eventCountMaximum: 4)
    try waker.watch(in: epoll, token: EpollToken(slot: 7, generation: 3))
    #expect(try epoll.wait(timeout: .seconds(5)) == 1)
    #expect(epoll.event(0).token == EpollToken(slot: 7, generation: 3))
    waker.silence()
    #expect(mailbox.takeAll() == [0, 1, 2, 3, 4])
    #expect(mailbox.takeAll().isEmpty)
    #expect(try epoll.wait(timeout: .zero) == 0)
    mailbox.post(9)
    #expect(try epoll.wait(timeout: .seconds(5)) == 1)
  }

  @Test func `a write to a watched file wakes once until cleared, a store to its mapping never`()
    throws
  {
    let directory = try TemporaryDirectory()
    try directory.write([UInt8](repeating: 0, count: SharedPage.byteCount), to: "page")
    let path = directory.path.appending("page")
    let file = try Descriptor.open(path, .readWrite)
    let page = try SharedPage(file)
    let watch = try FileWatch(path)
    var epoll = try Epoll(eventCountMaximum: 4)
    try watch.watch(in: epoll, token: EpollToken(rawValue: 1))
    page.store(42, 3)
    #expect(try epoll.wait(timeout: .zero) == 0)
    _ = try file.write([1].span, at: 0)
    #expect(try epoll.wait(timeout: .seconds(5)) == 1)
    _ = try file.write([1].span, at: 0)
    #expect(try epoll.wait(timeout: .zero) == 0)
    watch.clear()
    #expect(try epoll.wait(timeout: .zero) == 0)
    _ = try file.write([1].span, at: 0)
    #expect(try epoll.wait(timeout: .seconds(5)) == 1)
    #expect(page.load(3) == 42)
    #expect(page.load(0) == 1)
  }

  @Test func `a cell that is raised never falls`() throws {
    let directory = try TemporaryDirectory()
    try directory.write([UInt8](repeating: 0, count: SharedPage.byteCount), to: "page")
    let page = try SharedPage(
      try Descriptor.open(directory.path.appending("page"), .readWrite))
    page.raise(0, to: 7)
    page.raise(0, to: 3)
    #expect(page.load(0) == 7)
  }
}
