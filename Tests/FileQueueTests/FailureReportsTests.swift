import FileQueue
import Kernel
import SystemPackage
import Testing

struct FailureReportsTests {
  private static let second: Int64 = 1_000_000_000
  private static let hour = FailureReports.interval.wholeNanoseconds
  private static let quiet = FailureReports.quietInterval.wholeNanoseconds

  private func failure(_ errno: Errno, _ path: String) -> QueueError {
    .system(SystemCallError(call: "open", errno: errno, subject: path))
  }

  @Test
  func `an error that lasts is told once with what to do, and once an hour how often it came`() {
    var reports = FailureReports()
    var told: [String] = []
    for now in stride(from: 0, through: 2 * Self.hour, by: 4 * Int(Self.second)) {
      let error = failure(.tooManyOpenFiles, "/\(now)")
      if let text = reports.report(error, now: Int64(now)) { told.append(text) }
    }
    #expect(told.count == 3)
    #expect(told.first?.contains("/0: ") == true)
    #expect(told.first?.contains("ulimit -n") == true)
    #expect(told.dropFirst().allSatisfy { $0.contains("(900 times in 60m)") }, "\(told)")
  }

  @Test func `errors of other kinds are told each`() {
    var reports = FailureReports()
    #expect(reports.report(failure(.tooManyOpenFiles, "/a"), now: 0) != nil)
    #expect(reports.report(failure(.ioError, "/a"), now: 0) != nil)
    #expect(reports.report(failure(.ioError, "/b"), now: 1) == nil)
    #expect(reports.report(.stopped, now: 1) != nil)
    #expect(reports.report(.stopped, now: 2) == nil)
  }

  @Test func `an error that comes again after a while is a new one`() {
    var reports = FailureReports()
    #expect(reports.report("no", now: 0) == "no")
    #expect(reports.report("no", now: Self.quiet) == nil)
    #expect(reports.report("no", now: 2 * Self.quiet + 1) == "no")
  }

  @Test func `errors that differ each time take no memory for ever`() {
    var reports = FailureReports()
    for number in 0..<100_000 as Range<Int64> {
      #expect(reports.report("error \(number)", now: number) != nil)
    }
  }
}
