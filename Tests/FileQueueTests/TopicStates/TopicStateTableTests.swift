import Support
import Testing

@testable import FileQueue

@Suite("the table of topics' states")
struct TopicStateTableTests {
  @Test func `it knows what a dictionary knows`() throws {
    var random = SeededGenerator()
    var table = TopicStateTable()
    var model: [[UInt8]: TopicState] = [:]
    for step in 0..<20_000 {
      let name = Array("topic-\(Int.random(in: 0..<3000, using: &random))".utf8)
      let sequence = UInt64.random(in: 1...5000, using: &random)
      let isEnd = Bool.random(using: &random)
      let change = { (state: inout TopicState) in
        if isEnd { state.end(at: sequence) } else { state.hide(before: sequence) }
      }
      if step % 3 == 0 {
        table.change(name.span, change)
        change(&model[name, default: TopicState()])
      }
      let known = table.state(of: name.span)
      #expect(known == model[name] ?? TopicState())
    }
    var found: [[UInt8]: TopicState] = [:]
    var next: Int? = 0
    while let first = next {
      next = table.forEach(from: first, countMaximum: 100) { name, state in
        found[name.indices.map { name[$0] }] = state
      }
    }
    #expect(found == model)
    #expect(table.endedCount == model.values.count(where: \.hasEnded))
    #expect(table.hiddenBefore == model.values.map(\.hiddenBefore).max())
    var log = TopicStateTable()
    let bytes = TopicLog.content(table, generation: 7, seen: 1)
    let header = TopicLog.generation(bytes.span)
    var place = try #require(header?.byteCount)
    while case .line(let line, let topic, let next) = TopicLog.next(bytes.span, at: place) {
      log.take(line, bytes.span.extracting(topic))
      place = next
    }
    #expect(place == bytes.count)
    for (name, state) in model {
      let known = log.state(of: name.span)
      #expect(known == state)
    }
  }

  @Test func `ends and deletions come to the same in any order`() {
    var one = TopicState()
    var other = TopicState()
    for sequence: UInt64 in [5, 9, 12] { one.end(at: sequence) }
    one.hide(before: 10)
    other.hide(before: 10)
    for sequence: UInt64 in [12, 9, 5] { other.end(at: sequence) }
    #expect(one == other && one.endedAt == 12)
    one.hide(before: 13)
    other.end(at: 11)
    other.hide(before: 13)
    #expect(one == other && !one.hasEnded)
  }
}
