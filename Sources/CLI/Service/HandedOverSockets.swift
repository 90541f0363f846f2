import FastCGI
import Kernel

/// Listening sockets that a service manager has started the process with (sd_listen_fds(3)): it opens them once, and
/// they stay open from one weir to the next.
struct HandedOverSockets {
  /// The first one's number; the others follow.
  private static let firstNumber: Int32 = 3
  private static let countMaximum: Int32 = 1024

  private let numbers: [Int32]
  /// What the service manager calls them, as far as it says.
  private let names: [String]

  /// Takes what the variables say, and takes the variables away, so that no other process believes them.
  ///
  /// On the main thread, before anything else is opened.
  ///
  /// - Throws: where what they say cannot be so.
  static func take() throws(CommandFailure) -> HandedOverSockets {
    let process = Environment.take("LISTEN_PID")
    let count = Environment.take("LISTEN_FDS")
    let names = Environment.take("LISTEN_FDNAMES")
    // Else they were meant for a process that has started this one.
    guard let process, let count, process == "\(Credentials.process)" else {
      return HandedOverSockets(numbers: [], names: [])
    }
    guard let number = Int32(count), (0...countMaximum).contains(number) else {
      throw CommandFailure(
        "LISTEN_FDS is '\(count)': the service manager hands over 0 to \(countMaximum) sockets",
        exitCode: 71)
    }
    return HandedOverSockets(
      numbers: Array(firstNumber..<(firstNumber + number)),
      names: names?.split(separator: ":", omittingEmptySubsequences: false).map(String.init) ?? [])
  }

  /// The listener to serve: the descriptor that the settings name, else the one that was handed over; nil where weir
  /// is to listen by itself.
  ///
  /// Before anything else is opened, which might get the number of a descriptor that is closed.
  func listener(_ settings: ServeSettings) throws -> Listener? {
    guard let number = try number(settings.fd) else { return nil }
    return try Listener.inherited(number, peers: settings.peers())
  }

  private func number(_ named: Int?) throws(CommandFailure) -> Int32? {
    if let named { return Int32(named) }
    if numbers.count > 1 {
      let list = numbers.enumerated().map { place, number in
        place < names.count ? "\(number) (\(names[place]))" : "\(number)"
      }
      throw CommandFailure(
        "the service manager hands over \(numbers.count) sockets, \(list.joined(separator: ", ")): weir "
          + "serves one, name it with --fd", exitCode: 78)
    }
    return numbers.first
  }
}
