package import CMicroHTTPD
internal import Glibc

/// An IPv4 or IPv6 address with its port.
package struct SocketAddress {
  private var storage = sockaddr_storage()
  private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

  /// None yet.
  init() {}

  /// Parses a numeric address. Throws `HTTPServerError.badAddress`.
  package init(numeric address: String, port: UInt16) throws(HTTPServerError) {
    var four = sockaddr_in()
    var six = sockaddr_in6()
    if inet_pton(AF_INET, address, &four.sin_addr) == 1 {
      four.sin_family = sa_family_t(AF_INET)
      four.sin_port = port.bigEndian
      set(four)
    } else if inet_pton(AF_INET6, address, &six.sin6_addr) == 1 {
      six.sin6_family = sa_family_t(AF_INET6)
      six.sin6_port = port.bigEndian
      set(six)
    } else {
      throw .badAddress(address)
    }
  }

  /// Whether a text is a numeric address, and no name that somebody would have to look up.
  package static func isNumeric(_ address: String) -> Bool { (try? SocketAddress(numeric: address, port: 0)) != nil }

  /// `AF_INET` or `AF_INET6`.
  package var family: Int32 { Int32(storage.ss_family) }

  /// Whom it belongs to.
  var key: AddressKey {
    withUnsafeBytes(of: storage) { bytes in
      switch family {
      case AF_INET: return AddressKey(four: UInt32(bigEndian: bytes.load(fromByteOffset: 4, as: UInt32.self)))
      case AF_INET6:
        let high = UInt64(bigEndian: bytes.load(fromByteOffset: 8, as: UInt64.self))
        let low = UInt64(bigEndian: bytes.load(fromByteOffset: 16, as: UInt64.self))
        // An IPv4 client of a listener for both.
        return high == 0 && low >> 32 == 0xFFFF
          ? AddressKey(four: UInt32(truncatingIfNeeded: low)) : AddressKey(six: high)
      default: return AddressKey(four: 0)
      }
    }
  }

  /// The numeric text without the port, empty when it is of another family.
  var text: String { withPointer { address, _ in Self.text(of: address) } }

  /// The port in host order.
  var port: UInt16 {
    withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
  }

  /// Lends the address to a system call.
  package func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafeBytes(of: storage) { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), length) }
  }

  /// Lets a system call replace the address.
  mutating func fill(_ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Void) {
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutableBytes(of: &storage) { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length) }
    self.length = length
  }

  private mutating func set<Address>(_ address: Address) {
    withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: Address.self) }
    length = socklen_t(MemoryLayout<Address>.size)
  }

  /// The numeric text of an address without its port, empty when it is of another family.
  static func text(of address: UnsafePointer<sockaddr>?) -> String {
    guard let address else { return "" }
    let offset: Int
    switch Int32(address.pointee.sa_family) {
    case AF_INET: offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr)!
    case AF_INET6: offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
    default: return ""
    }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
      let bytes = UnsafeRawPointer(address) + offset
      let family = Int32(address.pointee.sa_family)
      guard inet_ntop(family, bytes, text.baseAddress!, socklen_t(text.count)) != nil else { return "" }
      return String(cString: text.baseAddress!)
    }
  }
}

/// The system's words for an errno.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
