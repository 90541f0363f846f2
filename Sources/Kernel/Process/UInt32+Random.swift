import CLinux

extension UInt32 {
  /// A number that nobody can guess (getrandom(2)).
  public static func fromKernel() throws(SystemCallError) -> UInt32 {
    var value: UInt32 = 0
    _ = try SystemCall.check("getrandom") { unsafe weir_random(&value) }
    return value
  }
}
