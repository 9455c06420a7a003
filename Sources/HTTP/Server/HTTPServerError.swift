/// Why a server could not start.
public enum HTTPServerError: Error, Hashable, CustomStringConvertible {
  /// The address is no numeric IPv4 or IPv6 address.
  case badAddress(String)
  /// Listening failed; the errno tells why (`EADDRINUSE`, `EACCES` …).
  case cannotListen(address: String, port: UInt16, errno: Int32)
  /// A limit is not usable; the text says which and why.
  case badConfiguration(String)
  /// The process cannot get the descriptors it needs (epoll, eventfd).
  case outOfDescriptors

  /// The failure in words for an operator.
  public var description: String {
    switch self {
    case .badAddress(let address): "'\(address)' is not a numeric IP address to listen on"
    case .cannotListen(let address, let port, let errno):
      "cannot listen on \(address) port \(port): \(systemMessage(errno))"
    case .badConfiguration(let reason): "the HTTP server's configuration is wrong: \(reason)"
    case .outOfDescriptors: "the HTTP server cannot get file descriptors: raise the limit (ulimit -n)"
    }
  }
}
