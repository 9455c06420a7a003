internal import Glibc

/// The process's limit of open descriptors.
package enum DescriptorLimit {
  /// Descriptors that the rest of the process may need.
  package static let reserve = 256

  /// How many of `available` descriptors clients may take: where there are few, a quarter.
  static func forClients(of available: Int) -> Int { max(available - reserve, available / 4) }

  /// Raises the soft limit to at least `needed`, as far as the hard limit lets it; returns the limit in force.
  @discardableResult
  package static func raise(to needed: Int) -> Int {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return 0 }
    guard limit.rlim_cur < rlim_t(needed) else { return Int(clamping: limit.rlim_cur) }
    limit.rlim_cur = min(rlim_t(needed), limit.rlim_max)
    _ = setrlimit(resource, &limit)
    return Int(clamping: limit.rlim_cur)
  }
}
