/// Whether nginx has connections and descriptors for as many streams as it lets in.
package enum MachineCheck: DoctorCheck {
  package static let name = "descriptors"

  package static func judge(_ sights: Sights) -> [Verdict] {
    switch sights.machine {
    case .elsewhere:
      return [.unknown("nginx is on another machine: look there, as root, at its own address")]
    case .hidden(let reason):
      return [.unknown(reason)]
    case .seen(let nginx):
      return judge(nginx)
    }
  }

  private static func judge(_ nginx: MachineSight.Nginx) -> [Verdict] {
    let settings = nginx.settings
    let connections = settings.workerConnections
    if let descriptors = nginx.descriptors, descriptors < connections {
      return [
        .finding(
          Finding(
            "a worker of nginx may have \(descriptors) descriptors for \(connections) connections",
            file: "\(nginx.file), outside of all blocks",
            line: "worker_rlimit_nofile \(connections * 2);",
            why:
              "each connection takes one, and a file or a buffer another: without any left nginx lets nobody in"
          ))
      ]
    }
    let all = connections * max(settings.workerProcesses ?? nginx.processors, 1)
    let room = "\(connections) connections in each of \(all / connections) workers"
    guard let streams = settings.streamsMaximum else {
      return [
        .fine("nginx has \(room); no limit_conn weir_streams stands in its configuration")
      ]
    }
    guard 2 * streams <= all else {
      return [
        .finding(
          Finding(
            "nginx lets \(streams) streams in, which take \(2 * streams) connections, and has \(room)",
            file: "\(nginx.file), in events", line: "worker_connections \(4 * streams);",
            why:
              "when connections are used up nginx lets nobody in, to no page. Or let fewer in: limit_conn weir_streams \(max(all / 2 - 64, 1)); in weir.conf"
          ))
      ]
    }
    return [.fine("nginx has \(room) for \(streams) streams")]
  }
}
