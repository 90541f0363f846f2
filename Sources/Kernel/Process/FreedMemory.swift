import CLinux

/// Memory that was freed, and that malloc(3) keeps for later.
public enum FreedMemory {
  /// Gives it back to the system, malloc_trim(3): after work that took much, once; any thread, some milliseconds.
  public static func giveBack() {
    _ = malloc_trim(0)
  }
}
