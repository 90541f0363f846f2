extension String {
  /// Without the control characters by which a text from elsewhere could move a terminal's cursor.
  var printable: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.filter { $0.properties.generalCategory != .control }))
  }
}
