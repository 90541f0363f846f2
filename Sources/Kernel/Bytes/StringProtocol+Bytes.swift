extension StringProtocol {
  /// Whether both are the same bytes of UTF-8, as texts of protocols are compared.
  ///
  /// `==` finds texts equal that Unicode takes for the same, such as an accented letter and the letter
  /// with the accent behind it; over a protocol they are two.
  public func hasSameBytes(as other: some StringProtocol) -> Bool {
    utf8.elementsEqual(other.utf8)
  }
}
