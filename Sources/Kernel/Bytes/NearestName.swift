/// Which name somebody may have meant.
public enum NearestName {
  /// Longer ones are nobody's misspelling.
  private static let byteCountMaximum = 32

  /// The name that is at most two slips of a key away from a text, and no more than a third of its own
  /// length; nil where there is none.
  ///
  /// Capitals, hyphens and underscores make no difference.
  public static func find(_ text: String, among names: [String]) -> String? {
    let wanted = plain(text)
    guard !wanted.isEmpty, wanted.count <= byteCountMaximum else { return nil }
    let distances = names.map { name in
      let name = plain(name)
      let distance = distance(wanted, name)
      return distance <= min(2, max(1, name.count / 3)) ? distance : Int.max
    }
    guard let least = distances.min(), least < .max else { return nil }
    return distances.firstIndex(of: least).map { names[$0] }
  }

  private static func plain(_ text: String) -> [UInt8] {
    text.utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
      .map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }

  /// How many bytes have to be left out, put in, changed, or swapped with the next one (the distance of
  /// Damerau and Levenshtein, each place edited once).
  private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var before: [Int] = []
    var last = Array(0...other.count)
    for (row, byte) in zip(one.indices, one) {
      var next = [row + 1]
      for (column, otherByte) in zip(other.indices, other) {
        var least = min(next[column], last[column + 1]) + 1
        least = min(least, last[column] + (byte == otherByte ? 0 : 1))
        if row > 0, column > 0, byte == other[column - 1], one[row - 1] == otherByte {
          least = min(least, before[column - 1] + 1)
        }
        next.append(least)
      }
      before = last
      last = next
    }
    return last[other.count]
  }
}
