/// The words that the process was started with.
public enum ProcessArguments {
  /// The place of the first word that is not UTF-8, the program's name being 0; nil where all are.
  ///
  /// `CommandLine.arguments` holds U+FFFD in its place, which would be taken for what was meant.
  public static var firstThatIsNotUTF8: Int? {
    let words = unsafe CommandLine.unsafeArgv
    return (0..<Int(CommandLine.argc)).first { place in
      guard let word = unsafe words[place] else { return false }
      return unsafe String(validatingCString: word) == nil
    }
  }
}
