import Glibc
import SystemPackage

extension Descriptor {
  /// What tells of writes to the file at `path`, or to the files in the folder there (inotify(7)).
  ///
  /// - Throws: EMFILE where the user has too many watches (`fs.inotify.max_user_instances`).
  static func watching(_ path: FilePath) throws(SystemCallError) -> Descriptor {
    let number = try SystemCall.check("inotify_init1") {
      Glibc.inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK))
    }
    let descriptor = Descriptor(owning: number)
    _ = try SystemCall.check("inotify_add_watch", path.string) {
      unsafe path.withPlatformString {
        unsafe Glibc.inotify_add_watch(number, $0, UInt32(IN_MODIFY))
      }
    }
    return descriptor
  }
}
