/// Whether strangers can read status and metrics.
package enum StatusCheck: DoctorCheck {
  package static let name = "status"

  package static func judge(_ sights: Sights) -> [Verdict] {
    guard let plain = sights.status?.reply else {
      return [.unknown("/weir/status got no answer")]
    }
    let isOpen = isStatus(plain)
    let from = sights.viewpoint.localAddress.isEmpty ? "here" : sights.viewpoint.localAddress
    if sights.statusByProxy?.reply.map(isStatus) == true {
      return [
        open("status and metrics are told to who asks from \(from) by a proxy (X-Forwarded-For)")
      ]
    }
    guard isOpen else { return [.fine("not told to who asks from \(from) (\(plain.status))")] }
    return switch sights.viewpoint.place {
    case .machine: [.fine("told to programs of this machine, and not by a proxy")]
    case .network:
      [
        .unknown(
          "told to who asks from \(from), a private network's address: look from elsewhere, too, or with --outside"
        )
      ]
    case .world: [open("status and metrics are told to who asks from \(from)")]
    }
  }

  private static func isStatus(_ reply: Reply) -> Bool {
    reply.status == 200 && reply.body.firstRange(of: "\"deliveries\"") != nil
  }

  private static func open(_ seen: String) -> Verdict {
    .finding(
      Finding(
        seen, file: "weir-status.conf, in location ~ /(?<weir_page>status|metrics)$",
        line: "allow 127.0.0.0/8; allow ::1; deny all; if ($weir_is_direct = \"\") { return 403; }",
        why:
          "strangers read how much is published, and the names of groups. Or give it a listener of its own: server { listen 127.0.0.1:8081; include snippets/weir-status.conf; }"
      ))
  }
}
