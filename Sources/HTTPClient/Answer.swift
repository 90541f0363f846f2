/// What libcurl hands over of an answer, until somebody takes it.
final class Answer {
  private var lines: [String] = []
  /// Bytes that have come, head and body.
  private(set) var byteCount = 0
  /// The head of the last answer, once it is whole and no other one follows.
  private(set) var head: HTTPHead?
  /// What has come of the body.
  var body: [UInt8] = []

  /// Takes a line of a head, with its end.
  func readHead(_ bytes: [UInt8]) {
    let line = String(decoding: bytes, as: UTF8.self).filter {
      $0 != "\r\n" && $0 != "\n" && $0 != "\r"
    }
    if line.isEmpty {
      let whole = HTTPHead(lines: lines)
      head = whole.flatMap { $0.isInterim ? nil : $0 }
      lines = []
    } else {
      lines.append(line)
    }
  }

  /// Calls `take` with what libcurl has handed over; what is not taken ends the transfer.
  static func receive(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ take: (Answer, [UInt8]) -> Void
  ) -> Int {
    guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
    let answer = unsafe Unmanaged<Answer>.fromOpaque(context).takeUnretainedValue()
    let received = unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
    answer.byteCount += count
    take(answer, received)
    return count
  }
}
