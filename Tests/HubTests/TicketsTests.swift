import Access
import Kernel
import Support
import Testing

@testable import Hub

@Suite struct TicketsTests {
  /// Stands in for SHA-256.
  private struct Library: SignatureLibrary {
    func key(of material: KeyMaterial) throws(KeyMaterialFault) -> any SignatureKey {
      throw .invalid
    }

    func sha256(of bytes: [UInt8]) -> [UInt8] {
      var hash = [UInt8](repeating: 0, count: 32)
      for (place, byte) in bytes.enumerated() { hash[place % 32] = hash[place % 32] &* 31 &+ byte }
      return hash
    }
  }

  private let directory: TemporaryDirectory
  private let proofs = [
    Proof.nginx(
      user: UserName("anna"),
      allowance: Allowance(subscribe: ["a.>"].compactMap { AccessPattern($0) })),
    Proof.webToken(
      grant: "login", user: nil, allowance: Allowance(), expiresAt: 7,
      terms: TokenHash(of: "t".utf8, by: Library())),
    Proof.token(hash: TokenHash(of: "u".utf8, by: Library())),
  ]

  init() throws { directory = try TemporaryDirectory(inMemory: true) }

  private func tickets(countMaximum: Int = 100) -> Tickets {
    Tickets(
      inQueueAt: directory.path, epoch: "6f2a91c4", with: Library(), countMaximum: countMaximum)
  }

  private var fileCount: Int {
    get throws { try FileSystem.names(in: directory.path.appending("tickets")).count }
  }

  @Test func `a ticket stands for what was proven, once, on any worker, before its time is over`()
    throws
  {
    let (one, other) = (tickets(), tickets())
    let now = Clock.unixMilliseconds()
    let made = try #require(try one.make(for: proofs, now: now))
    #expect(made.expires == now + 60_000)
    #expect(try other.take(made.ticket + "x", now: now) == nil)
    #expect(try other.take(made.ticket, now: now + 59_999) == proofs)
    for tickets in [one, other] { #expect(try tickets.take(made.ticket, now: now) == nil) }
    #expect(try fileCount == 0)
  }

  @Test func `a ticket is worth nothing when its time is over`() throws {
    let tickets = tickets()
    let now = Clock.unixMilliseconds()
    let made = try #require(try tickets.make(for: proofs, now: now))
    #expect(try tickets.take(made.ticket, now: now + 60_000) == nil)
    #expect(try fileCount == 0)
  }

  @Test func `more tickets than there may be are refused until some are used or too old`() throws {
    let tickets = tickets(countMaximum: 3)
    let now = Clock.unixMilliseconds()
    tickets.removeOld(now: now)
    let made = try (0..<3).compactMap { _ in try tickets.make(for: proofs, now: now) }
    #expect(made.count == 3)
    #expect(try tickets.make(for: proofs, now: now) == nil)
    #expect(try tickets.take(made[0].ticket, now: now) == proofs)
    #expect(try tickets.make(for: proofs, now: now) != nil)
    #expect(try tickets.make(for: proofs, now: now) == nil)
    // Another worker finds as many once it has looked.
    let other = self.tickets(countMaximum: 3)
    other.removeOld(now: now)
    #expect(try other.make(for: proofs, now: now) == nil)
    tickets.removeOld(now: now + 61_000)
    #expect(try fileCount == 0)
    #expect(try tickets.make(for: proofs, now: now + 61_000) != nil)
  }

  @Test func `old tickets are removed by whoever looks, and no others`() throws {
    let tickets = tickets()
    let now = Clock.unixMilliseconds()
    _ = try tickets.make(for: proofs, now: now)
    tickets.removeOld(now: now + 30_000)
    #expect(try fileCount == 1)
    // It looks seldom, but for a clock that was set.
    tickets.removeOld(now: now + 49_000)
    #expect(try fileCount == 1)
    tickets.removeOld(now: now + 62_000)
    #expect(try fileCount == 0)
    _ = try tickets.make(for: proofs, now: now)
    tickets.removeOld(now: now - 3_600_000)
    #expect(try fileCount == 0)
  }
}
