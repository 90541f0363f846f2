import Access
import ArgumentParser
import FileQueue
import HTTPClient
import Kernel
import SystemPackage

/// An error that ends a command: said on standard error, with an exit code of sysexits(3).
struct CommandFailure: Error, CustomStringConvertible {
  let description: String
  let exitCode: Int32

  /// What an error of the queue means for whoever called the command.
  init(_ error: QueueError) {
    description =
      if case .system(let call) = error { call.descriptionWithAdvice } else { "\(error)" }
    exitCode =
      switch error {
      case .invalidTopic, .invalidField, .eventTooLarge, .keyReused, .topicEnded: 64
      case .damaged, .notAQueue, .badEpochFile, .badArchive, .unknownFormat: 65
      case .noQueue: 66
      case .networkFileSystem, .cannotWriteBackup: 73
      case .full, .tooManyDelayed, .overloaded, .stalled, .stopped, .inUse, .linked, .locked: 75
      case .readOnly, .deleted, .moved, .openedForReading: 74
      case .notOwner: 77
      case .system(let call): Self.exitCode(of: call)
      }
  }

  /// What is wrong with access rules.
  init(_ fault: AccessFault) {
    description = "\(fault)"
    exitCode = 78
  }

  /// What a failed system call means.
  init(_ error: SystemCallError) {
    description = error.descriptionWithAdvice
    exitCode = Self.exitCode(of: error)
  }

  /// What it means that not all of the output could be written.
  init(_ error: OutputFailure) {
    description = "the output is not whole: \(error)"
    exitCode = 74
  }

  /// What an error of a group means.
  init(_ error: GroupError) {
    if case .queue(let error) = error {
      self.init(error)
      return
    }
    let exitCode: Int32 =
      switch error {
      case .missing, .deleted: 66
      case .damaged: 65
      case .otherTerms, .withoutAcknowledgements: 64
      case .inUse, .tooManyGroups, .tooManyMembers, .tooManyWorkers, .busy, .queue: 75
      }
    self.init(error.text { "weir groups remove \($0)" }, exitCode: exitCode)
  }

  /// What it means that a site was not reached.
  init(_ error: HTTPFailure) {
    let exitCode: Int32 =
      switch error {
      case .malformed: 64
      case .noLibrary, .broken, .silent, .impossible: 69
      }
    self.init("\(error)", exitCode: exitCode)
  }

  /// What any error means that commands know; nil for another one.
  fileprivate init?(whatever error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as QueueError: self.init(error)
    case let error as GroupError: self.init(error)
    case let error as OutputFailure: self.init(error)
    case let error as RemoteProblem: self = error.failure
    case let error as HTTPFailure: self.init(error)
    case let fault as AccessFault: self.init(fault)
    case let error as SystemCallError: self.init(error)
    default: return nil
    }
  }

  /// A failure of its own.
  init(_ description: String, exitCode: Int32) {
    self.description = description
    self.exitCode = exitCode
  }

  private static func exitCode(of error: SystemCallError) -> Int32 {
    if error.subject == StandardStream.input.name { return 66 }
    return switch error.errno {
    case .permissionDenied, .notPermitted, .readOnlyFileSystem: 77
    case .noSuchFileOrDirectory, .notDirectory: 66
    case .addressInUse: 69
    case .fileExists, .tooManySymbolicLinkLevels: 73
    case .ioError, .brokenPipe: 74
    case .noSpace, .diskQuotaExceeded: 75
    default: 71
    }
  }
}

extension ParsableCommand {
  /// Runs a command's work; a failure is said and ends the process with its code.
  func reportingFailures(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as OutputFailure where error.isEndOfReading {
      return
    } catch {
      guard let failure = CommandFailure(whatever: error) else { throw error }
      StandardError.write("weir: \(failure)\n")
      throw ExitCode(failure.exitCode)
    }
  }
}
