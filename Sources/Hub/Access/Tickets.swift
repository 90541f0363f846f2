import Access
import Figures
import FoundationEssentials
import Kernel
import Synchronization
import SystemPackage

/// Tickets stand for a token for a moment: who cannot send headers, as an EventSource, shows one in the address.
///
/// Each is a file in the queue's folder `tickets`, so that any worker takes one; who removes the file has used it. In a
/// copy of the queue, which has an epoch of its own, no ticket of before is known.
/// Any thread may ask; each call makes or removes one small file. The guard's thread removes old ones.
final class Tickets: Sendable {
  /// What a ticket stands for.
  private struct Content: Codable {
    let proofs: [Proof]
    let expiresAt: Int64
  }

  private let folder: FilePath
  private let epoch: String
  private let library: any SignatureLibrary
  private let countMaximum: Int
  private let count = Atomic<Int>(0)
  /// When they were counted, in seconds since 1970.
  private let countedAt = Atomic<Int64>(0)

  /// - Parameters:
  ///   - queue: the queue's folder.
  ///   - epoch: of new events in it.
  ///   - library: what hashes them.
  init(
    inQueueAt queue: FilePath, epoch: String, with library: any SignatureLibrary,
    countMaximum: Int = HubLimits.ticketCountMaximum
  ) {
    self.epoch = epoch
    self.library = library
    self.countMaximum = countMaximum
    folder = queue.appending("tickets")
  }

  /// Makes one; nil where there are as many as there may be.
  func make(for proofs: [Proof], now: Int64) throws(SystemCallError) -> TicketReply? {
    guard count.load(ordering: .relaxed) < countMaximum else { return nil }
    count.add(1, ordering: .relaxed)
    let text = RandomText.make(byteCount: HubLimits.ticketByteCount)
    let expiresAt = now + HubLimits.ticketAge.wholeMilliseconds
    _ = try FileSystem.makeDirectoryAsFolders(folder)
    let path = path(of: text)
    do throws(SystemCallError) {
      let file = try Descriptor.openAsFolders(path, .createNew)
      let content = JSON.encode(Content(proofs: proofs, expiresAt: expiresAt))
      try file.writeAll(content.span, at: 0)
    } catch {
      // On a full disk there may be room for a name.
      try? FileSystem.unlink(path)
      count.subtract(1, ordering: .relaxed)
      throw error
    }
    return TicketReply(ticket: text, expires: expiresAt)
  }

  /// Uses one up; nil where there is none such, or it is too old.
  func take(_ text: String, now: Int64) throws(SystemCallError) -> [Proof]? {
    guard (1...HubLimits.ticketTextByteCountMaximum).contains(text.utf8.count) else { return nil }
    let path = path(of: text)
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(path, byteCountMaximum: HubLimits.ticketFileByteCountMaximum)
      // Of two who ask with the same one, one removes it.
      try FileSystem.unlink(path)
      // One that another worker has made counts there until that looks again.
      count.subtract(1, ordering: .relaxed)
    } catch {
      if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return nil }
      throw error
    }
    // One of another version that says something else is none.
    guard let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)),
      now < content.expiresAt
    else { return nil }
    return content.proofs
  }

  /// Removes those that nobody has used in time and counts the others, where that is due; blocks, on one thread.
  func removeOld(now: Int64) {
    let isFull = count.load(ordering: .relaxed) >= countMaximum
    let interval =
      isFull ? HubLimits.ticketSweepIntervalWhenFull : HubLimits.ticketSweepInterval
    // Also where the clock was set back.
    let past = abs(now / 1000 - countedAt.load(ordering: .relaxed))
    guard past >= interval.components.seconds else { return }
    countedAt.store(now / 1000, ordering: .relaxed)
    // A folder that cannot be read is told of by who makes one.
    let names = (try? FileSystem.names(in: folder)) ?? []
    let age = HubLimits.ticketAge.wholeMilliseconds
    var left = 0
    for name in names {
      let path = folder.appending(name)
      guard let status = try? FileStatus(of: path) else { continue }
      // A file of a clock that was ahead is as old as it can be, too.
      if abs(now - status.modifiedUnixMilliseconds) > age {
        _ = try? FileSystem.unlink(path)
      } else {
        left += 1
      }
    }
    count.store(left, ordering: .relaxed)
  }

  /// The name does not tell the ticket.
  private func path(of text: String) -> FilePath {
    folder.appending(TokenHash(of: "\(epoch) \(text)".utf8, by: library).digits)
  }
}
