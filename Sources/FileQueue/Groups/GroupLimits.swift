/// The bounds of groups, in one place.
public enum GroupLimits {
  /// A group's name, in bytes.
  public static let nameByteCountMaximum = 64
  /// Groups of a queue.
  public static let groupCountMaximum = 1000
  /// Members of a group, in all workers.
  public static let memberCountMaximum = 1000
  /// Workers that may have members of a group at once.
  public static let seatCountMaximum = 256
  /// Events of a group that are given, or to be given again, and not yet settled; while there are so many,
  /// nothing new is given.
  public static let claimCountMaximum = 8192
  /// How long a member may take to acknowledge an event.
  public static let acknowledgement: ClosedRange<Duration> = .seconds(1)...(.seconds(3600))
  /// Events that a member may have without having acknowledged them.
  public static let credit: ClosedRange<Int> = 1...1000
  /// The same where it asks for nothing else.
  public static let creditStandard = 10
  /// Events that a member of a group without acknowledgements is given at most before they are written.
  public static let unwrittenEventCountMaximum = 256
  /// Bytes of such events, of any group; a single event may have more.
  public static let unwrittenByteCountMaximum = 47 << 10
  /// Ids in one acknowledgement.
  public static let acknowledgedIDCountMaximum = 1000
  /// Events that are looked up ahead of a group's place.
  static let aheadEventCountMaximum = 1024
  /// Bytes that are read for that at once.
  static let aheadByteCountMaximum = 256 << 10
  /// Whoever waits longer for a group's lock tries again later.
  static let lockPatience: Duration = .milliseconds(20)
  /// The same for the lock of who makes and removes groups, which waits for the disk.
  static let folderLockPatience: Duration = .seconds(1)
  /// Who reads a group's file without its lock tries so often.
  static let readTryCountMaximum = 10
  /// A group is forgotten when nobody has come for so long.
  public static let idleTimeMaximum: Duration = .seconds(30 * 86_400)
  /// Looks for such groups are so many rounds of the upkeep apart: about an hour.
  static let upkeepRoundsPerLook = 3600
  /// While it has members that is noted so often.
  static let useNoteInterval: Duration = .seconds(3600)
  /// A place that has moved over events of other topics only is written so often.
  static let placeNoteInterval: Duration = .seconds(1)
}
