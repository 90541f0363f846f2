/// What was seen of the nginx that listens at the site's port.
package enum MachineSight: Equatable, Sendable {
  /// It is on another machine.
  case elsewhere
  /// It is on this machine, and may not be looked at; why.
  case hidden(String)
  case seen(Nginx)

  /// What limits it.
  package struct Nginx: Equatable, Sendable {
    /// The main file.
    package var file: String
    /// Descriptors that a worker may have; nil where that could not be read.
    package var descriptors: Int?
    package var settings: NginxSettings
    /// Processors of the machine, for `worker_processes auto`.
    package var processors: Int

    package init(file: String, descriptors: Int?, settings: NginxSettings, processors: Int) {
      self.file = file
      self.descriptors = descriptors
      self.settings = settings
      self.processors = processors
    }
  }
}

/// The directives of nginx's configuration that say how many streams it carries.
package struct NginxSettings: Equatable, Sendable {
  /// nginx's own default.
  package var workerConnections = 512
  /// Nil for `auto`.
  package var workerProcesses: Int? = 1
  /// `limit_conn weir_streams`; nil where there is none.
  package var streamsMaximum: Int?

  package init() {}

  /// Takes what a directive says.
  ///
  /// - Parameter words: its name and its arguments.
  package mutating func take(_ words: [String]) {
    switch words.first {
    case "worker_connections": workerConnections = Self.number(words, 1) ?? workerConnections
    case "worker_processes":
      workerProcesses =
        words.last == "auto" ? nil : Self.number(words, 1) ?? workerProcesses
    case "limit_conn" where words.count > 2 && words[1] == "weir_streams":
      streamsMaximum = min(Self.number(words, 2) ?? .max, streamsMaximum ?? .max)
    default: break
    }
  }

  private static func number(_ words: [String], _ place: Int) -> Int? {
    words.count > place ? Int(words[place]) : nil
  }

  /// The directives of a file, each as its words; those that open a block, too.
  package static func directives(of text: String) -> [[String]] {
    var found: [[String]] = []
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isComment = false
    func endWord() {
      if let ended = word { words.append(ended) }
      word = nil
    }
    var isEscaped = false
    for character in text {
      if isComment {
        isComment = character != "\n"
      } else if isEscaped {
        word = (word ?? "") + String(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if word == nil, character == "\"" || character == "'" {
        quote = character
        word = ""
      } else if word == nil, character == "#" {
        isComment = true
      } else if character.isWhitespace {
        endWord()
      } else if character == ";" || character == "}" || (character == "{" && word?.last != "$") {
        endWord()
        if !words.isEmpty { found.append(words) }
        words = []
      } else {
        word = (word ?? "") + String(character)
      }
    }
    return found
  }
}
