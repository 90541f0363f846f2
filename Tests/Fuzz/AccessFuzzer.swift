import Access

/// Rules: whatever the bytes are, they are rules or have a fault with a place; what is taken out of a good file
/// leaves all else as it was.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let library = NoSignatures()
  guard let file = try? AccessFile(bytes, at: "/nowhere/access.toml", with: library) else {
    return 0
  }
  let names = file.rules.summaries.map(\.name)
  for name in names {
    var text = AccessText(bytes, at: "/nowhere/access.toml", with: library)
    guard let isRemoved = try? text.remove(name: name) else { continue }
    require(isRemoved, "there is a grant '\(name)'")
    guard let left = try? AccessFile(text.bytes, at: "/nowhere/access.toml", with: library) else {
      fatalError("does not hold: what is left are rules")
    }
    require(
      left.rules.summaries.map(\.name) == names.filter { $0 != name }, "the other grants are left")
  }
  for user in ["anna", "*", ">", "a.b", ""] {
    let permit = try? file.rules.permit(
      PresentedCredentials(
        nginx: PresentedCredentials.NginxWord(user: UserName(user), publish: "", subscribe: "")),
      now: 0)
    for pattern in permit?.subscribePatterns ?? [] {
      require(permit?.maySubscribe(pattern) == true, "a pattern takes itself: \(pattern)")
    }
  }
  return 0
}

/// A library that knows no key.
struct NoSignatures: SignatureLibrary {
  func key(of material: KeyMaterial) throws(KeyMaterialFault) -> any SignatureKey {
    throw .invalid
  }

  func sha256(of bytes: [UInt8]) -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: 32)
    for (place, byte) in bytes.enumerated() { hash[place % 32] = hash[place % 32] &* 31 &+ byte }
    return hash
  }
}
