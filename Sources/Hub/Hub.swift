public import FastCGI
public import FileQueue
import Kernel
public import Logging

/// A running hub: fronts that take requests, a committer that writes, loops that serve streams.
///
/// Made, run and stopped by one thread, the process's main thread.
public final class Hub {
  private let committer: Committer
  private let upkeep: Upkeep
  private let doors: [StreamLoopDoor]
  private let fronts: Fronts
  private let threads: [Thread]

  /// Starts serving `queue` to whoever connects to `listener`.
  ///
  /// - Throws: what cannot be had from the system or the queue; nothing is left running then.
  public init(
    queue: Queue, listener: consuming Listener, configuration: HubConfiguration, log: Logger
  ) throws {
    committer = try Committer(
      queue, durability: configuration.durability, retention: configuration.retention)
    upkeep = try Upkeep(queue, retention: configuration.retention) { isError, text in
      if isError {
        log.error("the queue's upkeep failed", metadata: ["error": "\(text)"])
      } else {
        log.info("\(text)")
      }
    }
    var doors: [StreamLoopDoor] = []
    var threads: [Thread] = []
    for index in 0..<configuration.streamLoopCount {
      let door = try StreamLoopDoor()
      threads.append(
        try Thread(name: "stream-loop-\(index)") {
          do {
            try StreamLoop(queue, configuration, door, log).run()
          } catch {
            log.critical("a stream loop cannot start", metadata: ["error": "\(error)"])
          }
        })
      doors.append(door)
    }
    let router = Router(
      configuration: configuration, queue: queue, committer: committer, loops: doors,
      crossOrigin: CrossOrigin(configuration.corsOrigins))
    var limits = FrontLimits()
    limits.requestBodyByteCountMaximum = HubLimits.requestBodyByteCountMaximum
    fronts = try Fronts.start(
      count: configuration.frontCount, listener: listener, responder: router, limits: limits
    ) { error in
      log.critical("a front cannot go on", metadata: ["error": "\(error)"])
    }
    self.doors = doors
    self.threads = threads
  }

  /// Stops taking requests, acknowledges what is on its way to the disk, ends every stream; once.
  public func stop() {
    fronts.stop()
    committer.stop()
    upkeep.stop()
    for door in doors { door.stop() }
    for thread in threads { thread.join() }
  }
}
