import EventStream
import Kernel

/// The names of the events that a subscriber keeps of its topics; all others are passed over.
public struct EventNames: Hashable, Sendable {
  /// As browsers call an event without a name.
  private static let unnamed = Array("message".utf8)

  private let names: Set<[UInt8]>

  /// Names that stand for themselves, and `message` for events without one too.
  public init(_ names: [String]) {
    self.names = Set(names.map { Array($0.utf8) })
  }

  /// The names, sorted.
  public var texts: [String] {
    names.map { String(decoding: $0, as: UTF8.self) }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Whether an event is kept, by the lines of its body.
  public func take(_ body: Span<UInt8>) -> Bool {
    guard let place = EventStreamWriter.name(in: body) else { return names.contains(Self.unnamed) }
    let name = body.extracting(place)
    return names.contains { $0.span.hasSameBytes(as: name) }
  }
}

extension EventNames? {
  /// Whether an event is kept; without names, each.
  @inline(__always)
  public func take(_ body: Span<UInt8>) -> Bool {
    if let self { self.take(body) } else { true }
  }
}
