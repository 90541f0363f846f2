extension StringProtocol {
  /// Whether both are the same bytes of UTF-8, as texts of protocols are compared.
  ///
  /// `==` finds texts equal that Unicode takes for the same, such as an accented letter and the letter
  /// with the accent behind it; over a protocol they are two.
  @inlinable
  public func hasSameBytes(as other: some StringProtocol) -> Bool {
    // Most that differ differ in this, which is known. Where it is not inlinable, other modules may get it
    // unspecialised, which takes fifty times as long.
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}
