import Kernel

/// A group's state as it stands in its file; see <doc:Format>.
extension GroupState {
  private static let headByteCount = 100
  private static let memberByteCount = 16
  private static let claimByteCount = 36
  /// Nothing that is counted gets so far.
  private static let countMaximum: UInt64 = 1 << 62
  /// The most that a state takes.
  static let byteCountMaximum =
    headByteCount + 200 * (QueueLimits.topicByteCountMaximum + QueueLimits.typeByteCountMaximum + 2)
    + GroupLimits.memberCountMaximum * memberByteCount
    + GroupLimits.claimCountMaximum * claimByteCount

  /// What stands in the file.
  var bytes: [UInt8] {
    let topics = Self.lines(terms.filter.texts)
    let names = Self.lines(terms.names?.texts ?? [])
    var bytes: [UInt8] = []
    bytes.reserveCapacity(
      Self.headByteCount + topics.count + names.count + members.count * Self.memberByteCount
        + claims.count * Self.claimByteCount)
    bytes.append(littleEndian: epoch)
    bytes.append(littleEndian: UInt32(clamping: terms.acknowledgement?.wholeMilliseconds ?? 0))
    for number in [
      next, turn, boot.high, boot.low, UInt64(bitPattern: createdAt), UInt64(bitPattern: usedAt),
      deliveredCount, redeliveredCount, acknowledgedCount,
    ] { bytes.append(littleEndian: number) }
    for number in [
      memberTotal, UInt32(members.count), UInt32(claims.count), UInt32(topics.count),
      UInt32(names.count),
    ] { bytes.append(littleEndian: number) }
    bytes += topics + names
    for member in members {
      bytes.append(littleEndian: member.number)
      bytes.append(littleEndian: UInt32(member.seat) | UInt32(member.credit) << 16)
      bytes.append(littleEndian: member.lastTurn)
    }
    for claim in claims {
      bytes.append(littleEndian: claim.sequence)
      bytes.append(littleEndian: claim.turn)
      var kind: UInt32 = 0
      var time = UInt64(bitPattern: claim.deadline)
      if case .gap(let from, let reason) = claim.content {
        kind = reason == .expired ? 1 : 2
        time = from
      }
      bytes.append(littleEndian: time)
      bytes.append(littleEndian: claim.member)
      bytes.append(littleEndian: claim.byteCount)
      bytes.append(
        littleEndian: UInt32(claim.redeliveryCount) | UInt32(claim.state.rawValue) << 16
          | kind << 24)
    }
    return bytes
  }

  /// Reads what stands in a file; nil where that is no state.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.headByteCount else { return nil }
    let counts = (0..<5).map { Int(bytes.littleEndian32(at: 80 + $0 * 4)) }
    let (memberCount, claimCount) = (counts[1], counts[2])
    let namesStart = Self.headByteCount + counts[3]
    let membersStart = namesStart + counts[4]
    let claimsStart = membersStart + memberCount * Self.memberByteCount
    guard memberCount <= GroupLimits.memberCountMaximum,
      claimCount <= GroupLimits.claimCountMaximum,
      bytes.count == claimsStart + claimCount * Self.claimByteCount
    else { return nil }
    let names = Self.texts(bytes.extracting(namesStart..<membersStart))
    guard
      let filter = try? TopicFilter(Self.texts(bytes.extracting(Self.headByteCount..<namesStart)))
    else { return nil }
    let acknowledgement = bytes.littleEndian32(at: 4)
    terms = GroupTerms(
      filter: filter, names: names.isEmpty ? nil : EventNames(names),
      acknowledgement: acknowledgement == 0 ? nil : .milliseconds(acknowledgement))
    let numbers = (0..<9).map { bytes.littleEndian64(at: 8 + $0 * 8) }
    epoch = bytes.littleEndian32(at: 0)
    (next, turn) = (numbers[0], numbers[1])
    boot = BootID(high: numbers[2], low: numbers[3])
    (createdAt, usedAt) = (Int64(bitPattern: numbers[4]), Int64(bitPattern: numbers[5]))
    (deliveredCount, redeliveredCount, acknowledgedCount) = (numbers[6], numbers[7], numbers[8])
    memberTotal = UInt32(counts[0])
    members = (0..<memberCount).map { place in
      let start = membersStart + place * Self.memberByteCount
      let seatAndCredit = bytes.littleEndian32(at: start + 4)
      return GroupMember(
        number: bytes.littleEndian32(at: start), seat: UInt16(truncatingIfNeeded: seatAndCredit),
        credit: UInt16(seatAndCredit >> 16), lastTurn: bytes.littleEndian64(at: start + 8))
    }
    claims = (0..<claimCount).compactMap { place in
      GroupClaim(bytes, at: claimsStart + place * Self.claimByteCount)
    }
    let counters = [turn, deliveredCount, redeliveredCount, acknowledgedCount]
    guard counters.allSatisfy({ $0 <= Self.countMaximum }), memberTotal <= Self.memberTotalMaximum,
      members.allSatisfy({ $0.number <= memberTotal && $0.lastTurn <= turn }),
      claims.allSatisfy({ $0.turn <= turn })
    else { return nil }
    guard claims.count == claimCount, next > 0, next <= QueueLimits.sequenceMaximum,
      zip(claims, claims.dropFirst()).allSatisfy({ $0.sequence < $1.sequence }),
      claims.last.map({ $0.sequence < next }) ?? true
    else { return nil }
  }
}

extension GroupState {
  /// Texts without newlines, a line each.
  private static func lines(_ texts: [String]) -> [UInt8] {
    texts.flatMap { Array($0.utf8) + [UInt8(ascii: "\n")] }
  }

  private static func texts(_ lines: Span<UInt8>) -> [String] {
    var texts: [String] = []
    var start = 0
    for index in lines.indices where lines[index] == UInt8(ascii: "\n") {
      var bytes: [UInt8] = []
      bytes.append(lines.extracting(start..<index))
      texts.append(String(decoding: bytes, as: UTF8.self))
      start = index + 1
    }
    return texts
  }
}

extension GroupClaim {
  fileprivate init?(_ bytes: Span<UInt8>, at start: Int) {
    let kinds = bytes.littleEndian32(at: start + 32)
    guard let state = State(rawValue: UInt8(truncatingIfNeeded: kinds >> 16)) else { return nil }
    let time = bytes.littleEndian64(at: start + 16)
    switch kinds >> 24 {
    case 0: content = .event
    case 1: content = .gap(from: time, .expired)
    case 2: content = .gap(from: time, .damaged)
    default: return nil
    }
    sequence = bytes.littleEndian64(at: start)
    if case .gap(let from, _) = content, from > sequence { return nil }
    turn = bytes.littleEndian64(at: start + 8)
    deadline = content == .event ? Int64(bitPattern: time) : .max
    member = bytes.littleEndian32(at: start + 24)
    byteCount = bytes.littleEndian32(at: start + 28)
    redeliveryCount = UInt16(truncatingIfNeeded: kinds)
    self.state = state
  }
}
