import Access
import ArgumentParser
import FoundationEssentials
import Kernel
import Signatures

/// The command `weir token make`.
struct TokenMake: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make", abstract: "Make a token and its grant.",
    discussion: """
      Prints the token, once and only here, and how to use it. The file is made where there is none yet.
      """)

  @Argument(help: "A name of its own for the grant; it stands for {user} in patterns.")
  var name: String

  @Option(
    help: ArgumentHelp(
      "A topic or a pattern that it may publish to; repeat it for more.", valueName: "topic"))
  var publish: [String] = []

  @Option(
    help: ArgumentHelp(
      "A topic or a pattern that it may read; repeat it for more.", valueName: "topic"))
  var subscribe: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long it is good for, such as 12h or 90d; for ever without it.", valueName: "time"),
    transform: OptionRange.tokenAge.value)
  var expires: Duration?

  @OptionGroup var accessOption: AccessOption

  /// Random bytes of a token.
  private static let randomByteCount = 33

  func validate() throws {
    guard !publish.isEmpty || !subscribe.isEmpty else {
      throw ValidationError(
        "A token that opens nothing is of no use: name --publish or --subscribe.")
    }
  }

  func run() throws {
    try reportingFailures {
      let token = "weir_" + RandomText.make(byteCount: Self.randomByteCount)
      let end = expires.map { Clock.unixMilliseconds() + $0.wholeMilliseconds }
      let time = end.map { Date(timeIntervalSince1970: Double($0 / 1000)).formatted(.iso8601) }
      try accessOption.edit(mayBeMissing: true) { text in
        try text.add(
          name: name, TokenHash(of: token.utf8, by: CryptoSignatures()), publish: publish,
          subscribe: subscribe, expires: time)
      }
      try StandardOutput.write(
        "\(token)\n", afterwards: "the grant '\(name)' is in \(accessOption.access)")
      StandardError.write(advice(token))
    }
  }

  /// How to use it; not on standard output, so that a script gets the token alone.
  private func advice(_ token: String) -> String {
    let published = publish.first.map {
      "-d 'hello' 'https://HOST/publish?topic=\(Self.escaped(Self.sample($0, name)))'"
    }
    let read = subscribe.first.map { "-N 'https://HOST/sse?topic=\(Self.escaped($0, name))'" }
    let uses = [published, read].compactMap { $0 }
    var lines = [
      "weir: the grant '\(name)' is in \(accessOption.access); the token above stands nowhere else. Use it:"
    ]
    lines += uses.map { "  curl -H 'Authorization: Bearer \(token)' \($0)" }
    lines.append("or from a file FILE, so that it stands in no list of processes:")
    lines += uses.map { "  sed 's/^/Authorization: Bearer /' FILE | curl -H @- \($0)" }
    return lines.map { $0 + "\n" }.joined()
  }

  /// A topic that a pattern takes.
  private static func sample(_ pattern: String, _ name: String) -> String {
    pattern.split(separator: ".", omittingEmptySubsequences: false)
      .map { $0 == "*" || $0 == ">" ? "test" : String($0) }.joined(separator: ".")
      .replacing("{user}", with: name)
  }

  private static func escaped(_ text: String, _ name: String = "") -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    let plain = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~*".utf8)
    let bytes = text.replacing("{user}", with: name).utf8.flatMap { byte in
      plain.contains(byte)
        ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
