import Kernel

/// The right to be a stream, given by ``Admission``: whoever carries the stream carries it along, and
/// it is given back when nobody holds it any more, however the stream ended.
package final class StreamSlot: Sendable {
  private let admission: Admission
  /// Whose stream it is, where streams of an address are counted.
  private let address: InternetAddress?

  init(_ admission: Admission, address: InternetAddress?) {
    self.admission = admission
    self.address = address
  }

  deinit {
    admission.release(address)
  }
}
