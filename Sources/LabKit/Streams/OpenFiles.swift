internal import Glibc

/// The process's limit of open files.
package enum OpenFiles {
  /// Raises the soft limit so that `needed` files may be open; returns the limit in force when that is not enough.
  package static func shortage(of needed: Int) -> Int? {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return 0 }
    if limit.rlim_cur < rlim_t(needed) {
      limit.rlim_cur = min(rlim_t(needed), limit.rlim_max)
      guard setrlimit(resource, &limit) == 0 else { return Int(clamping: limit.rlim_cur) }
    }
    return limit.rlim_cur < rlim_t(needed) ? Int(clamping: limit.rlim_cur) : nil
  }
}
