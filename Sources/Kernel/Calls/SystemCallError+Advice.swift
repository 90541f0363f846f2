extension SystemCallError {
  /// What happened, and what to do next where that is known.
  public var descriptionWithAdvice: String {
    advice.map { "\(self): \($0)" } ?? description
  }

  /// What to do next; nil where nothing general can be said.
  private var advice: String? {
    switch errno {
    case .notPermitted where call == "lchown":
      "it can be given to groups that its owner is a member of, and to other users by root only: change its owner, "
        + "or run weir as another user"
    case .permissionDenied, .notPermitted: "change its owner or mode, or run weir as another user"
    case .noSuchFileOrDirectory: "check the path, and that its directories are there"
    case .notDirectory: "a file stands where a directory should be: name another path"
    case .fileExists: "remove what is there, or name another path"
    case .tooManySymbolicLinkLevels:
      "a symbolic link stands where weir has a file of its own: remove it"
    case .readOnlyFileSystem: "name a place that can be written to"
    case .noSpace where call == "inotify_add_watch":
      "raise the number of watches (sysctl fs.inotify.max_user_watches)"
    case .noSpace where call == "epoll_ctl":
      "raise the number of watches (sysctl fs.epoll.max_user_watches)"
    case .noSpace, .diskQuotaExceeded: "free some space"
    case .tooManyOpenFiles where call == "inotify_init1":
      "raise the number of watchers (sysctl fs.inotify.max_user_instances), or the limit of "
        + "descriptors (ulimit -n)"
    case .tooManyOpenFiles: "raise the limit of descriptors (ulimit -n)"
    case .tooManyOpenFilesInSystem: "raise the system's limit of open files (sysctl fs.file-max)"
    case .noMemory, .noBufferSpace: "free some memory"
    case .resourceTemporarilyUnavailable where call == "pthread_create":
      "raise the limit of threads (ulimit -u)"
    case .addressInUse: "another weir serves there; stop it, or name another socket"
    case .badFileDescriptor where call == "fcntl", .notSocket, .protocolWrongTypeForSocket:
      "start weir with a listening socket there, as spawn-fcgi does, or name one with --socket"
    default: nil
    }
  }
}
