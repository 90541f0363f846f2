import Foundation
import Kernel
import Support
import SystemPackage
import Testing

/// Files that get the owner, group and mode of their folder.
struct FileOwnerTests {
  @Test(arguments: [OpenMode.readWrite, .createIfMissing, .createNew])
  func `a link in the place of a file is refused, and what it leads to is left alone`(
    mode: OpenMode
  ) throws {
    let directory = try TemporaryDirectory()
    let (target, link) = (directory.path.appending("target"), directory.path.appending("link"))
    _ = try Descriptor.open(target, .createNew, permissions: 0o600)
    try FileManager.default.createSymbolicLink(
      atPath: link.string, withDestinationPath: target.string)
    let before = try FileStatus(of: target)
    let error = #expect(throws: SystemCallError.self) {
      _ = try Descriptor.openAsFolders(link, mode)
    }
    #expect(error?.errno == (mode == .createNew ? .fileExists : .tooManySymbolicLinkLevels))
    #expect(try FileStatus(of: target) == before)
  }
}
