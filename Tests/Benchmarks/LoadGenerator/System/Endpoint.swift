import ArgumentParser

/// Where requests go: an address of this machine's network and a path there.
struct Endpoint: ExpressibleByArgument, Sendable {
  /// The IPv4 address in the order of its parts: 127.0.0.1 is 0x7F000001.
  let address: UInt32
  /// The TCP port.
  let port: UInt16
  /// The path with its query, beginning with a slash.
  let path: String

  /// The endpoint of `http://A.B.C.D[:PORT]/PATH`, or nil.
  ///
  /// `localhost` is 127.0.0.1; other names are not looked up.
  init?(argument: String) {
    let scheme = "http://"
    guard argument.hasPrefix(scheme) else { return nil }
    let rest = argument.dropFirst(scheme.count)
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let authority = rest[..<slash].split(separator: ":", omittingEmptySubsequences: false)
    guard let host = authority.first, authority.count <= 2 else { return nil }
    guard let address = Self.address(host == "localhost" ? "127.0.0.1" : host) else { return nil }
    guard let port = authority.count == 2 ? UInt16(authority[1]) : 80, port > 0 else { return nil }
    let path = slash == rest.endIndex ? "/" : String(rest[slash...])
    // A path that cannot stand in a request line would be a different request.
    guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    self.address = address
    self.port = port
    self.path = path
  }

  private init(address: UInt32, port: UInt16, path: String) {
    self.address = address
    self.port = port
    self.path = path
  }

  /// The same endpoint with a query, where it has none.
  func with(query: String) -> Endpoint {
    Endpoint(address: address, port: port, path: "\(path)?\(query)")
  }

  /// "127.0.0.1:8080", for the Host field and for errors.
  var authority: String {
    let parts = [24, 16, 8, 0].map { "\(address >> UInt32($0) & 0xFF)" }
    return "\(parts.joined(separator: ".")):\(port)"
  }

  private static func address(_ text: Substring) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    guard parts.count == 4 else { return nil }
    var address: UInt32 = 0
    for part in parts {
      guard let part else { return nil }
      address = address << 8 | UInt32(part)
    }
    return address
  }
}
