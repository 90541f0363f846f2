/// All that was seen of a deployment, from one place at one time.
package struct Sights: Sendable {
  /// How it was looked.
  package struct Viewpoint: Sendable {
    /// The site, as it was named.
    package var site: String
    /// Addresses of the connection: from here, to there; empty where they are not known.
    package var localAddress: String
    package var remoteAddress: String
    /// Whoever looks is a stranger to the site, whatever the address looks like.
    package var isOutside: Bool
    /// A page's origin that is to be let in.
    package var origin: String?
    /// Whether a token was sent.
    package var hasToken: Bool
    /// Whether nothing was to be published.
    package var isReadOnly: Bool
    /// Whether what makes nginx fail was to be asked.
    package var isIntrusive: Bool
    /// This machine's clock when the first answer came, in milliseconds since 1970.
    package var unixMilliseconds: Int64

    package init(
      site: String, localAddress: String = "", remoteAddress: String = "", isOutside: Bool = false,
      origin: String? = nil, hasToken: Bool = false, isReadOnly: Bool = false,
      isIntrusive: Bool = false, unixMilliseconds: Int64 = 0
    ) {
      self.site = site
      self.localAddress = localAddress
      self.remoteAddress = remoteAddress
      self.isOutside = isOutside
      self.origin = origin
      self.hasToken = hasToken
      self.isReadOnly = isReadOnly
      self.isIntrusive = isIntrusive
      self.unixMilliseconds = unixMilliseconds
    }

    /// Whether the site is reached by https.
    package var isTLS: Bool { site.hasPrefix("https:") }

    /// What the address tells of whoever looks.
    package enum Place: Sendable {
      /// The machine of the site itself.
      case machine
      /// A network that many have one of.
      case network
      case world
    }

    /// Whether the connection stays on this machine.
    package var isLoopback: Bool { localAddress.hasPrefix("127.") || localAddress == "::1" }

    /// Where it was looked from.
    package var place: Place {
      if isOutside { return .world }
      if localAddress.isEmpty { return .network }
      if isLoopback { return .machine }
      return Self.isPrivate(localAddress) ? .network : .world
    }

    /// Whether it is of the addresses that are nobody's own: RFC 1918, 3927, 4193, 4291, 6598.
    private static func isPrivate(_ address: String) -> Bool {
      let text = address.lowercased()
      let parts = text.split(separator: ".").compactMap { Int($0) }
      guard parts.count == 4 else {
        return ["fc", "fd", "fe8", "fe9", "fea", "feb"].contains { text.hasPrefix($0) }
      }
      return switch (parts[0], parts[1]) {
      case (10, _), (192, 168), (169, 254), (172, 16...31), (100, 64...127): true
      default: false
      }
    }
  }

  /// What became of an event that was published while a stream was open.
  package struct Delivery: Sendable {
    package var publish: Attempt
    /// This machine's clock at the acknowledgement, in milliseconds since 1970.
    package var unixMilliseconds: Int64
    /// From the acknowledgement to the event on the stream; nil where it did not come.
    package var delaySeconds: Double?
    /// How long it was waited.
    package var patienceSeconds: Double
    /// Whether it came as it was sent, to the byte.
    package var isIntact: Bool

    package init(
      publish: Attempt, unixMilliseconds: Int64 = 0, delaySeconds: Double? = nil,
      patienceSeconds: Double = 0, isIntact: Bool = true
    ) {
      self.publish = publish
      self.unixMilliseconds = unixMilliseconds
      self.delaySeconds = delaySeconds
      self.patienceSeconds = patienceSeconds
      self.isIntact = isIntact
    }
  }

  package var viewpoint: Viewpoint
  /// A stream of the probe topic.
  package var live: StreamSight
  /// One on which nothing is published.
  package var quiet: StreamSight
  /// One that was asked for by a client that takes gzip.
  package var compressed: StreamSight?
  /// Several at once.
  package var crowd: [StreamSight] = []
  /// Nil where nothing was published.
  package var delivery: Delivery?
  /// The same event twice, by one key in a header.
  package var keyed: [Attempt] = []
  /// By a client without any credentials: of an event, or of none where nothing is to be published.
  package var anonymousPublish: Attempt?
  /// The same, by one who says to come from the machine itself; nil where that was not refused.
  package var forgedPublish: Attempt?
  /// A poll behind an id of no queue, in a header and in the query.
  package var resumeByHeader: Attempt?
  package var resumeByQuery: Attempt?
  /// A poll that asks for JSON.
  package var json: Attempt?
  /// A topic in the path that weir refuses and names.
  package var path: Attempt?
  /// A poll with a large cookie and a long address.
  package var large: Attempt?
  /// A poll of a page of an origin that nobody knows, and of the one that is to be let in.
  package var foreignOrigin: Attempt?
  package var namedOrigin: Attempt?
  /// What that one's browser asks before it publishes.
  package var preflight: Attempt?
  package var health: Attempt?
  /// As it is, and as a proxy would ask.
  package var status: Attempt?
  package var statusByProxy: Attempt?
  /// What makes nginx itself fail.
  package var failing: Attempt?
  /// The nginx that answers, where it is on this machine and may be looked at.
  package var machine: MachineSight = .elsewhere

  package init(viewpoint: Viewpoint, live: StreamSight, quiet: StreamSight) {
    self.viewpoint = viewpoint
    self.live = live
    self.quiet = quiet
  }
}
