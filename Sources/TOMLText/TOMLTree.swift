internal import CTOML

/// Makes values that lie in one another of a list of them.
struct TOMLTree: ~Copyable {
  private let document: TOMLDocument
  private let source: TOMLSource
  private var next = 0

  init(_ document: consuming TOMLDocument, _ source: TOMLSource) {
    self.document = document
    self.source = source
  }

  /// The next value, with all that lies in it.
  ///
  /// - Throws: where values lie too deep in one another.
  mutating func node(depth: Int) throws(TOMLFault) -> TOMLNode {
    let flat = document[next]
    next += 1
    let line = Int(flat.begin.line)
    let column = Int(flat.begin.column)
    guard depth <= TOMLLimits.depthMaximum else {
      throw TOMLFault(
        line: line, column: column,
        text: "values lie deeper than \(TOMLLimits.depthMaximum) in one another")
    }
    return TOMLNode(value: try value(of: flat, depth: depth), line: line, column: column)
  }

  private mutating func value(
    of flat: weir_toml_node, depth: Int
  ) throws(TOMLFault) -> TOMLValue {
    switch flat.kind {
    case WEIR_TOML_TEXT: return .text(document.text(flat.text))
    case WEIR_TOML_INTEGER: return .integer(flat.integer)
    case WEIR_TOML_NUMBER: return .number(flat.number)
    case WEIR_TOML_BOOLEAN: return .boolean(flat.boolean)
    case WEIR_TOML_LIST:
      var list: [TOMLNode] = []
      list.reserveCapacity(flat.count)
      for _ in 0..<flat.count { list.append(try node(depth: depth + 1)) }
      return .list(list)
    case WEIR_TOML_TABLE:
      var members: [TOMLMember] = []
      members.reserveCapacity(flat.count)
      for _ in 0..<flat.count { members.append(try member(depth: depth + 1)) }
      return .table(members)
    default:
      let columns = Int(flat.begin.column)..<max(Int(flat.begin.column), Int(flat.end.column))
      return .time(source.text(line: Int(flat.begin.line), columns: columns))
    }
  }

  private mutating func member(depth: Int) throws(TOMLFault) -> TOMLMember {
    let flat = document[next]
    return TOMLMember(
      name: document.text(flat.name), line: Int(flat.name_begin.line),
      column: Int(flat.name_begin.column), node: try node(depth: depth))
  }
}
