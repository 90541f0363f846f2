import FileQueue

/// The last events of its topics, which a subscriber gets before what comes.
indirect enum LastEvents {
  /// They are looked for.
  case searched(LastSearch)
  /// These are still to be sent.
  case found(ArraySlice<UInt64>)
}
