import Kernel
import SystemPackage
import TOMLText

/// A settings file: TOML, each setting by its name.
enum SettingsFile {
  /// What is read where nobody names a file.
  static let standardPath = "/etc/weir/weir.toml"
  /// Bytes of a file; the shipped one has a hundredth of it.
  private static let byteCountMaximum = 1 << 20
  /// Bytes of a value that are repeated in an error.
  private static let excerptByteCountMaximum = 64

  /// What a file says of a setting.
  struct Entry {
    let setting: Setting
    let texts: [String]
    let line: Int
    let column: Int
  }

  /// Reads a file.
  ///
  /// - Throws: all that is wrong in it, or why it cannot be read.
  static func read(_ path: String) throws(SettingsFailure) -> [Entry] {
    let bytes: [UInt8]
    do {
      bytes = try Descriptor.open(FilePath(path), .readOnly).readAll(
        byteCountMaximum: byteCountMaximum)
    } catch {
      let failure = CommandFailure(
        SystemCallError(call: error.call, errno: error.errno, subject: path))
      if error.errno == .isDirectory {
        throw SettingsFailure(faults: ["\(path) is a directory: name the file in it"])
      }
      let isUnreadable = error.errno == .permissionDenied && path == standardPath
      throw SettingsFailure(
        faults: [
          "\(failure)"
            + (isUnreadable ? "; with --config none, or another file, it is not read" : "")
        ], exitCode: failure.exitCode)
    }
    guard bytes.count <= byteCountMaximum else {
      throw SettingsFailure(faults: ["\(path): it has more than \(byteCountMaximum) bytes"])
    }
    return try entries(bytes, path)
  }

  /// Refuses what cannot be read again: a pipe is empty by now, or holds up whoever opens it.
  static func refuseUnsteady(_ path: String) throws(SettingsFailure) {
    // One that is not there is told of by who reads it.
    guard let status = try? FileStatus(of: FilePath(path)), !status.isRegular else { return }
    throw SettingsFailure(
      faults: ["\(path) is no regular file, and was read once, at the start: restart weir instead"])
  }

  private static func entries(
    _ bytes: [UInt8], _ path: String
  ) throws(SettingsFailure) -> [Entry] {
    let node: TOMLNode
    do { node = try TOMLText.parse(bytes) } catch {
      throw SettingsFailure(faults: ["\(path):\(error.line):\(error.column): \(error.text)"])
    }
    guard case .table(let members) = node.value else { return [] }
    var entries: [Entry] = []
    var faults: [String] = []
    for member in members {
      do throws(Fault) {
        entries.append(try entry(member))
      } catch {
        faults.append("\(path):\(error.line):\(error.column): \(error.text)")
      }
    }
    guard faults.isEmpty else { throw SettingsFailure(faults: faults) }
    return entries
  }

  private struct Fault: Error {
    let line: Int
    let column: Int
    let text: String
  }

  private static func entry(_ member: TOMLMember) throws(Fault) -> Entry {
    guard let setting = Setting.all.first(where: { $0.name == member.name }) else {
      if case .table = member.node.value {
        throw Fault(
          line: member.line, column: member.column,
          text: "there is no setting '\(excerpt(member.name))', and there are no sections: leave "
            + "the line with [ ] out")
      }
      let names = Setting.all.map(\.name)
      let advice =
        NearestName.find(member.name, among: names).map { "did you mean '\($0)'?" }
        ?? "they are \(names.joined(separator: ", "))"
      throw Fault(
        line: member.line, column: member.column,
        text: "there is no setting '\(excerpt(member.name))': \(advice)")
    }
    let texts = try texts(of: member.node, for: setting)
    if let rule = setting.fault(in: texts) {
      throw Fault(
        line: member.node.line, column: member.node.column,
        text: "\(setting.name) is \(excerpt(shown(texts, member.node, setting))): \(rule)")
    }
    return Entry(setting: setting, texts: texts, line: member.line, column: member.column)
  }

  /// A value as it stands in the file.
  private static func shown(
    _ texts: [String], _ node: TOMLNode, _ setting: Setting
  ) -> String {
    switch node.value {
    case .integer, .number: texts.joined()
    default: SettingsText.value(texts, of: setting)
    }
  }

  /// The values as flags and variables have them.
  private static func texts(of node: TOMLNode, for setting: Setting) throws(Fault) -> [String] {
    switch (setting.form, node.value) {
    case (.text, .text(let text)), (.number, .text(let text)), (.list, .text(let text)):
      return [text]
    case (.number, .integer(let number)): return ["\(number)"]
    case (.number, .number(let number)): return ["\(number)"]
    case (.flag, .boolean(let isOn)): return ["\(isOn)"]
    case (.list, .list(let nodes)):
      var texts: [String] = []
      for node in nodes {
        guard case .text(let text) = node.value else { throw wrongType(node, of: setting) }
        texts.append(text)
      }
      return texts
    default: throw wrongType(node, of: setting)
    }
  }

  private static func wrongType(_ node: TOMLNode, of setting: Setting) -> Fault {
    let wanted =
      switch setting.form {
      case .text: "a text in quotes"
      case .number: "a number, or a text in quotes"
      case .flag: "true or false, without quotes"
      case .list: "a list of texts: [\"…\", \"…\"]"
      }
    return Fault(
      line: node.line, column: node.column,
      text: "\(setting.name) is \(node.value.kind): it has to be \(wanted)")
  }

  private static func excerpt(_ text: String) -> String {
    text.utf8.count <= excerptByteCountMaximum
      ? text : String(decoding: text.utf8.prefix(excerptByteCountMaximum), as: UTF8.self) + "…"
  }
}
