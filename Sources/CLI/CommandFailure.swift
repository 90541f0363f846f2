import ArgumentParser
import FileQueue
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
    } catch let failure as CommandFailure {
      StandardError.write("weir: \(failure)\n")
      throw ExitCode(failure.exitCode)
    } catch let error as QueueError {
      let failure = CommandFailure(error)
      StandardError.write("weir: \(failure)\n")
      throw ExitCode(failure.exitCode)
    } catch let error as OutputFailure {
      if error.isEndOfReading { return }
      let failure = CommandFailure(error)
      StandardError.write("weir: \(failure)\n")
      throw ExitCode(failure.exitCode)
    } catch let problem as RemoteProblem {
      let failure = problem.failure
      StandardError.write("weir: \(failure)\n")
      throw ExitCode(failure.exitCode)
    } catch let error as SystemCallError {
      let failure = CommandFailure(error)
      StandardError.write("weir: \(failure)\n")
      throw ExitCode(failure.exitCode)
    }
  }
}
