import Kernel

extension SystemCallError {
  /// Whether there was no room: a later try may succeed.
  var isNoSpace: Bool { [.noSpace, .diskQuotaExceeded, .fileTooLarge].contains(errno) }

  /// Whether a sync failed: what was written before may be lost, and no later sync proves anything.
  var isOfSync: Bool { call == "fsync" || call == "fdatasync" }

  /// Whether it was a write or a sync that failed, and not for want of room.
  var isOfBrokenDisk: Bool { isOfSync || !isNoSpace && (call == "pwrite" || call == "ftruncate") }

  /// As an appender tells it: `full`, where a later try may succeed.
  var asQueueError: QueueError { isNoSpace && !isOfSync ? .full(self) : .system(self) }
}
