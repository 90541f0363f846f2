import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// The options that say where events are: in a queue of this machine, or at a weir that is reached over HTTP.
struct EventTarget: ParsableArguments {
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The queue's directory.", valueName: "directory"))
  var queue: String?

  @Option(
    help: ArgumentHelp(
      "Instead of --queue: the address of a site with weir, such as https://example.org.",
      valueName: "address"),
    transform: SiteAddress.init)
  var url: SiteAddress?

  @Option(
    help: ArgumentHelp(
      "Of a site: the file with the token that it wants (Authorization: Bearer); else that in the variable WEIR_TOKEN is sent.",
      valueName: "file"), completion: .file())
  var tokenFile: String?

  /// Refused; people try it.
  @Option(help: .private) var token: String?

  func validate() throws {
    if token != nil {
      throw ValidationError(
        "--token is not taken, because everybody on this machine sees it in the list of processes: put the token into a file and name that with --token-file, or into the variable \(SiteToken.variable)."
      )
    }
    if let queue, queue.isEmpty { throw ValidationError("--queue is empty: name a directory.") }
    switch (queue, url) {
    case (nil, nil): throw ValidationError("Name a queue with --queue, or a site with --url.")
    case (.some, .some): throw ValidationError("Name either --queue or --url, not both.")
    case (.some, nil):
      if tokenFile != nil {
        throw ValidationError("--token-file is for a site: name it with --url.")
      }
    case (nil, .some): break
    }
  }

  /// The site that is meant; nil where it is a queue.
  func hub() throws -> RemoteHub? {
    guard let url else { return nil }
    return try RemoteHub(url, token: SiteToken.read(file: tokenFile))
  }

  /// Opens the queue to append to it.
  func open() throws(QueueError) -> Queue { try Queue(at: path, creating: false) }

  /// Opens the queue to read it; permission to read is enough.
  func openForReading() throws(QueueError) -> Queue { try Queue(readingAt: path) }

  /// The queue's directory, as it was named.
  var path: FilePath { FilePath(queue ?? "") }
}
