import Testing

@testable import Kernel

struct CRC32CTests {
  @Test func `the check value of the polynomial comes out`() {
    var checksum = CRC32C()
    checksum.update(Array("123456789".utf8).span)
    #expect(checksum.value == 0xE306_9283)
  }

  @Test func `the instruction and the table agree, however the bytes are cut`() {
    let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    for cut in bytes.indices {
      var one = CRC32C()
      one.update(bytes.span.extracting(0..<cut))
      one.update(bytes.span.extracting(cut...))
      var other = CRC32C()
      other.updateByTable(bytes.span)
      #expect(one == other, "cut at \(cut)")
    }
  }
}
