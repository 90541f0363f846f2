/// Whether strangers can publish.
package enum PublishingCheck: DoctorCheck {
  package static let name = "publishing"

  package static func judge(_ sights: Sights) -> [Verdict] {
    let viewpoint = sights.viewpoint
    let from = viewpoint.localAddress.isEmpty ? "here" : viewpoint.localAddress
    // nginx refuses a stranger before weir is asked; 400 is weir's.
    if let forged = sights.forgedPublish?.reply, [200, 400].contains(forged.status) {
      return [
        .finding(
          Finding(
            "whoever says with X-Forwarded-For to come from the machine of weir can publish",
            file: "weir-upstream.conf (the real_ip lines), and each proxy in front",
            line:
              "set_real_ip_from ADDRESS;   (of your proxy alone) real_ip_recursive on;   (weir-upstream.conf) proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;   (nginx in front)",
            why:
              "anybody can have every page show what they like: nginx believes what a client says of itself"
          ))
      ]
    }
    switch sights.anonymousPublish {
    case nil, .failed: return [.unknown("publishing without a token got no answer")]
    case .reply(let reply) where [401, 403].contains(reply.status):
      return [.fine("from \(from) nobody can publish without a token (\(reply.status))")]
    case .reply(let reply) where reply.status == 404 || reply.status == 405:
      return [.fine("from \(from) there is no /publish (\(reply.status))")]
    case .reply(let reply) where viewpoint.isReadOnly && reply.status == 400:
      return [.unknown("without publishing, only a refusal can be told, and there was none")]
    case .reply(let reply) where reply.status == 200: break
    case .reply(let reply):
      return [.unknown("publishing without a token was answered with \(reply.status)")]
    }
    switch viewpoint.place {
    case .machine:
      return [
        .unknown(
          "whoever asks from \(from) can publish, as programs of this machine may; what strangers can is seen from another machine, or with --outside where everybody comes by such an address"
        )
      ]
    case .network:
      return [
        .unknown(
          "whoever asks from \(from) can publish, and that address is a private network's: look from elsewhere, too, or with --outside if strangers come that way"
        )
      ]
    case .world:
      return [
        .finding(
          Finding(
            "whoever asks from \(from) can publish without a token",
            file: "weir-upstream.conf (geo $weir_is_near), and the site (set $weir_publishers)",
            line:
              "set $weir_publishers allowed;   (with weir serve --access FILE) set_real_ip_from ADDRESS;   (behind a proxy on the same machine)",
            why: "anybody can have every page show what they like, and fill the disk"))
      ]
    }
  }
}
