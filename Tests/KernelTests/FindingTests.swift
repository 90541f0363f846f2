import Support
import Testing

@testable import Kernel

struct FindingTests {
  @Test func `what stands for itself in a JSON string is told, whatever the byte and its place`() {
    for count in 0..<20 {
      let plain = [UInt8](repeating: UInt8(ascii: "~"), count: count)
      let found = plain.span.plainness
      #expect(found == .ascii)
      for index in plain.indices {
        for byte in UInt8.min...UInt8.max {
          var bytes = plain
          bytes[index] = byte
          let isEscaped = byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
          let found = bytes.span.plainness
          #expect(
            found == (isEscaped ? .escaped : byte >= 0x80 ? .beyondASCII : .ascii),
            "\(byte) at \(index) of \(count)")
        }
      }
    }
  }

  @Test func `the next byte of a value is found from any place on`() {
    let bytes = Array("a\nb\n\nc".utf8)
    for start in 0...bytes.count {
      let found = bytes.span.firstIndex(of: UInt8(ascii: "\n"), from: start)
      #expect(found == bytes[start...].firstIndex(of: UInt8(ascii: "\n")))
    }
    let empty: [UInt8] = []
    let found = empty.span.firstIndex(of: 1, from: 0)
    #expect(found == nil)
  }
}
