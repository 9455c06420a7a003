internal import CMicroHTTPD
internal import Glibc

/// Where a gateway listens, out of its URL.
package struct GatewayAddress: Sendable, Equatable {
  /// The host's name or address as given, for the `Host` header.
  package var host: String
  package var port: UInt16

  /// Reads `http://HOST[:PORT][/]`; nil for anything else, `https` included.
  package init?(_ url: String) {
    guard url.hasPrefix("http://") else { return nil }
    var rest = url.dropFirst("http://".count)
    if rest.last == "/" { rest.removeLast() }
    guard !rest.isEmpty, !rest.contains("/"), !rest.contains("@") else { return nil }
    if rest.first == "[" {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      host = String(rest[rest.index(after: rest.startIndex)..<end])
      rest = rest[rest.index(after: end)...]
    } else {
      host = String(rest.prefix { $0 != ":" })
      rest = rest.dropFirst(host.count)
    }
    guard !host.isEmpty else { return nil }
    if rest.isEmpty {
      port = 80
    } else {
      guard rest.first == ":", let number = UInt16(rest.dropFirst()), number > 0 else { return nil }
      port = number
    }
  }

  /// The `Host` header's value.
  package var hostHeader: String { (host.contains(":") ? "[\(host)]" : host) + (port == 80 ? "" : ":\(port)") }

  /// The numeric address of the host, looked up if need be; nil when there is none.
  package func resolved() -> String? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0, let first = list else { return nil }
    defer { freeaddrinfo(list) }
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let status = getnameinfo(
      first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    return status == 0 ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
  }
}

extension GatewayAddress {
  /// An address that a socket can be connected to.
  struct Resolved {
    var family: Int32
    fileprivate var storage = sockaddr_storage()
    fileprivate var length: socklen_t

    /// Connects; what `connect` returns.
    func connect(_ socket: Int32) -> Int32 {
      withUnsafeBytes(of: storage) {
        Glibc.connect(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), length)
      }
    }
  }

  /// The host's first address with the port; nil when there is none.
  func socketAddress() -> Resolved? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = list else { return nil }
    defer { freeaddrinfo(list) }
    var resolved = Resolved(family: first.pointee.ai_family, length: first.pointee.ai_addrlen)
    withUnsafeMutableBytes(of: &resolved.storage) {
      $0.baseAddress!.copyMemory(from: first.pointee.ai_addr, byteCount: Int(first.pointee.ai_addrlen))
    }
    return resolved
  }
}
