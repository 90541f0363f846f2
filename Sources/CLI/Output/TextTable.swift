/// A table for people: columns as wide as what stands in them.
struct TextTable {
  private var rows: [[String]]
  /// Columns whose texts end in a line, as numbers do; all others begin in one.
  private let numbers: Set<Int>

  /// A table of nothing but its names.
  init(_ names: [String], numbers: Set<Int>) {
    rows = [names]
    self.numbers = numbers
  }

  mutating func add(_ row: [String]) { rows.append(row.map(\.printable)) }

  /// The lines.
  var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, text) in row.enumerated() {
        let room = String(repeating: " ", count: widths[column] - text.count)
        line += numbers.contains(column) ? room + text + "  " : text + room + "  "
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
