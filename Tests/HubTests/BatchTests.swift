import Figures
import FileQueue
import Kernel
import Support
import Testing

@testable import FastCGI
@testable import Hub

/// What a batch holds of its body, and what it tells of it.
struct BatchTests {
  private let directory: TemporaryDirectory
  private let batch: Batch
  private let sink: BatchSink
  private let front: Mailbox<Front.Letter>
  private let places = BatchPlaces()

  init() throws {
    directory = try TemporaryDirectory()
    front = Mailbox(waker: try Waker())
    sink = BatchSink(
      batch: 1,
      exchange: Exchange(
        mailbox: front,
        name: RequestName(connection: EpollToken(slot: 1, generation: 1), number: 1)),
      places: places,
      mailbox: Mailbox(waker: try Waker()))
    let request = try BatchRequest(
      contentEncoding: nil, accept: nil, pathTopic: nil, pairs: [], headers: [])
    batch = Batch(sink, request, folder: directory.path)
  }

  /// Hands a body on as a front does; returns whether more may come.
  private func take(_ body: String) -> Bool {
    let mayGoOn = batch.sink.take(Array(body.utf8))
    batch.take(Array(body.utf8))
    return mayGoOn
  }

  @Test func `a piece holds no more lines than it may, however short they are`() {
    let count = 3 * HubLimits.batchPieceLineCountMaximum / 2
    let line = "x" + String(repeating: " ", count: 22) + "\n"
    #expect(!take(String(repeating: line, count: count)))
    batch.end()
    var found = 0
    while let piece = batch.advance(room: HubLimits.batchesHeldByteCountMaximum) {
      #expect(piece.refusals.count <= HubLimits.batchPieceLineCountMaximum)
      #expect(piece.refusals.map(\.line) == Array((found + 1)...(found + piece.refusals.count)))
      found += piece.refusals.count
      // More of the body comes when this is read to its end.
      #expect(front.takeAll().isEmpty == (found < count))
      batch.note(.success([]))
    }
    #expect(found == count && batch.isDone && batch.tally.rejectedCount == count)
  }

  @Test func `no more is read than there is room for, and nothing is lost`() throws {
    let queue = try Queue(at: directory.path.appending("queue"), creating: true)
    var appender = try Appender(queue, durability: .none)
    let count = 300
    let lines = (1..<count).map { "{\"message\":\"\($0)\"}\n" }
    _ = take(lines.joined() + "{\"message\":\"last\"}")
    batch.end()
    #expect(batch.advance(room: 0) == nil && batch.wantsRoom && batch.heldByteCount == 0)
    var found: [Int] = []
    while let piece = batch.advance(room: 1000) {
      #expect(batch.heldByteCount == piece.heldByteCount && piece.heldByteCount < 1200)
      found += piece.lines
      // While it is under way, the next one is read as far as there is room.
      #expect(batch.advance(room: 0) == nil && batch.heldByteCount == piece.heldByteCount)
      #expect(batch.wantsRoom == (found.count < count))
      batch.note(.success(try appender.append(piece.events)))
    }
    #expect(found == Array(1...count) && batch.isDone && batch.tally.acceptedCount == count)
  }

  @Test func `results that take too much stop a batch, and are told`() throws {
    let request = try BatchRequest(
      contentEncoding: nil, accept: "application/x-ndjson", pathTopic: nil, pairs: [], headers: [])
    let batch = Batch(sink, request, folder: directory.path, resultsByteCountMaximum: 1000)
    batch.take([UInt8](repeating: UInt8(ascii: "\n"), count: 7) + Array("x\n".utf8))
    _ = batch.advance(room: 10_000)
    batch.note(.success([]))
    #expect(batch.stop == nil && batch.tally.rejectedCount == 1)
    batch.take(Array(String(repeating: "x\n", count: 20).utf8))
    _ = batch.advance(room: 10_000)
    batch.note(.success([]))
    #expect(batch.stop?.line == 29 && batch.stop?.problem.code == .bodyTooLarge)
    batch.take(Array("x\n".utf8))
    batch.end()
    #expect(batch.advance(room: 10_000) == nil && batch.isDone && batch.tally.rejectedCount == 21)
    let results = try batch.takeResults()?.next(
      byteCount: 10_000, Queue(at: directory.path.appending("queue"), creating: true).epochs)
    #expect(results?.count { $0 == UInt8(ascii: "\n") } == 21)
  }

  @Test func `a sender of one byte at a time fills its room sooner`() {
    var count = 0
    while batch.sink.take([UInt8(ascii: "x")]) { count += 1 }
    let cost = 1 + HubLimits.batchInputPieceByteCountOverhead
    #expect(count == (HubLimits.batchInputByteCountMaximum - 1) / cost)
    for _ in 0...(count / 2) { batch.sink.hasRead(1) }
    #expect(front.takeAll().count == 1)
  }

  @Test func `where bodies of all batches have to wait, each gets on piece by piece`() {
    let rest = HubLimits.batchInputsByteCountMaximum - places.addInput(0)
    _ = places.addInput(rest - 150)
    #expect(batch.sink.take([1]) && batch.sink.take([2]))
    #expect(!batch.sink.take([3]))
    batch.sink.hasRead(1)
    batch.sink.hasRead(1)
    #expect(front.takeAll().isEmpty == false, "there is room again")
    _ = places.addInput(1000)
    #expect(!batch.sink.take([4]))
    batch.sink.hasRead(1)
    #expect(front.takeAll().isEmpty, "one waits still")
    batch.sink.hasRead(1)
    #expect(front.takeAll().count == 1)
    // What nobody reads any more is not counted for ever.
    #expect(!batch.sink.take([5]))
    batch.sink.close()
    #expect(batch.sink.take([6]) && places.addInput(0) == rest - 150 + 1000)
  }
}
