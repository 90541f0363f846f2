import TOMLText

/// TOML: whatever the bytes are, they are a table whose values have places in the text, or a fault has one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  do throws(TOMLFault) {
    let node = try TOMLText.parse(bytes)
    guard case .table = node.value else { fatalError("does not hold: a text is a table") }
    check(node, lines, depth: 1)
  } catch {
    checkPlace(error.line, error.column, lines)
    require(error.text.utf8.count < 5000, "a fault is short: \(error)")
  }
  return 0
}

private func check(_ node: TOMLNode, _ lines: [ArraySlice<UInt8>], depth: Int) {
  require(depth <= 32, "values lie no deeper in one another")
  checkPlace(node.line, node.column, lines)
  switch node.value {
  case .list(let list): for element in list { check(element, lines, depth: depth + 1) }
  case .table(let members):
    for (one, other) in zip(members, members.dropFirst()) {
      require((one.line, one.column) <= (other.line, other.column), "members are in order")
    }
    for member in members {
      checkPlace(member.line, member.column, lines)
      check(member.node, lines, depth: depth + 1)
    }
  case .time(let text):
    let line = String(decoding: lines[node.line - 1], as: UTF8.self)
    require(!text.isEmpty && line.contains(text), "a time is as it is written: '\(text)'")
  case .text, .integer, .number, .boolean: break
  }
}

private func checkPlace(_ line: Int, _ column: Int, _ lines: [ArraySlice<UInt8>]) {
  require((1...lines.count).contains(line), "line \(line) is there")
  require((1...lines[line - 1].count + 2).contains(column), "column \(column) is there")
}
