/// When a published event is acknowledged, and so what an acknowledgement is worth.
public enum Durability: String, Sendable, CaseIterable {
  /// When fdatasync(2) has put it on disk.
  ///
  /// Neither the death of a process nor a power cut loses it.
  case full
  /// When the kernel has it; it is on disk within ``QueueLimits/syncInterval``.
  ///
  /// The death of a process loses nothing; a power cut loses what was published in the last
  /// interval. Subscribers get events when they are on disk, so that none sees what a power cut
  /// undoes.
  case interval
  /// When the kernel has it; it is on disk when the kernel likes, half a minute later as a rule.
  ///
  /// The death of a process loses nothing; a power cut loses what was published in the last half
  /// minute, and may undo what subscribers have seen.
  case none
}
