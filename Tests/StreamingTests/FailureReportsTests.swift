import FileQueue
import Kernel
import SystemPackage
import Testing

@testable import Streaming

struct FailureReportsTests {
  private func failure(_ errno: Errno, _ path: String) -> QueueError {
    .system(SystemCallError(call: "open", errno: errno, subject: path))
  }

  @Test func `each kind is told once with what to do, and after a while how often it came`() {
    var reports = FailureReports()
    let told = reports.report(failure(.tooManyOpenFiles, "/a"), now: 0)
    #expect(told?.contains("/a") == true)
    #expect(told?.contains("ulimit -n") == true)
    for now: Int64 in 1...9 {
      #expect(reports.report(failure(.tooManyOpenFiles, "/\(now)"), now: now) == nil)
    }
    #expect(reports.report(failure(.ioError, "/a"), now: 10) != nil)
    let later = StreamLimits.failureReportInterval.wholeNanoseconds
    let again = reports.report(failure(.tooManyOpenFiles, "/b"), now: later)
    #expect(again?.contains("10 times") == true)
  }
}
