/// Which weir this is.
public enum Version {
  /// By Semantic Versioning; what `weir --version` prints.
  public static let current = "0.1.0"
}
