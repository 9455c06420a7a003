internal import CMicroHTTPD
internal import Glibc

/// A listening TCP socket; closed when let go.
final class ListenSocket {
  let descriptor: Int32
  /// The port it really listens on.
  let port: UInt16

  /// Binds and listens. Throws `HTTPServerError`.
  init(address: String, port: UInt16, backlog: Int32, sharesPort: Bool) throws(HTTPServerError) {
    var endpoint = try SocketAddress(numeric: address, port: port)
    let descriptor = socket(endpoint.family, Int32(SOCK_STREAM.rawValue) | Self.flags, 0)
    guard descriptor >= 0 else { throw .outOfDescriptors }
    do throws(HTTPServerError) {
      enable(SO_REUSEADDR, on: descriptor)
      if sharesPort { enable(SO_REUSEPORT, on: descriptor) }
      guard endpoint.withPointer({ bind(descriptor, $0, $1) }) == 0, listen(descriptor, backlog) == 0 else {
        throw .cannotListen(address: address, port: port, errno: errno)
      }
      endpoint.fill { _ = getsockname(descriptor, $0, $1) }
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    self.port = endpoint.port
  }

  deinit { close(descriptor) }

  private static let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
}

private func enable(_ option: Int32, on descriptor: Int32) {
  var on: Int32 = 1
  setsockopt(descriptor, SOL_SOCKET, option, &on, socklen_t(MemoryLayout<Int32>.size))
}
