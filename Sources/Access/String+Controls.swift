extension String {
  /// Whether there is a control character in it (Unicode, category Cc, which is closed).
  var hasControls: Bool {
    unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
  }
}
