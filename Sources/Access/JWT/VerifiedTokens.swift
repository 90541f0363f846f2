import Synchronization

/// Tokens that were verified, by their SHA-256: a token that comes again costs no signature.
///
/// None is kept itself. At most ``JWTLimits/verifiedTokenCountMaximum``; those that were not asked for lately go first.
///
/// Any thread; its lock is held for a look-up.
final class VerifiedTokens: Sendable {
  /// A token, and the place of the grant that took it.
  struct Entry: Hashable {
    let grant: Int
    let token: VerifiedToken
  }

  private struct State {
    var new: [TokenHash: Entry] = [:]
    /// What was there when half of the room was last used up.
    var old: [TokenHash: Entry] = [:]

    /// Keeps a token; returns what is given up, for whoever holds no lock to free.
    mutating func keep(_ token: Entry, _ hash: TokenHash) -> [TokenHash: Entry] {
      new[hash] = token
      guard new.count >= JWTLimits.verifiedTokenCountMaximum / 2 else { return [:] }
      let freed = old
      old = new
      new = [:]
      return freed
    }
  }

  private let state = Mutex(State())

  /// What a token said; nil where it is not remembered.
  subscript(hash: TokenHash) -> Entry? {
    get {
      let (found, freed) = state.withLock { state -> (Entry?, [TokenHash: Entry]) in
        if let token = state.new[hash] { return (token, [:]) }
        guard let token = state.old.removeValue(forKey: hash) else { return (nil, [:]) }
        return (token, state.keep(token, hash))
      }
      _ = freed
      return found
    }
    set {
      guard let newValue else { return }
      let freed = state.withLock { $0.keep(newValue, hash) }
      _ = freed
    }
  }

  /// How many there are.
  var count: Int { state.withLock { $0.new.count + $0.old.count } }
}
