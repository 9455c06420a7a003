internal import CMicroHTTPD
internal import Glibc

/// Whom an address belongs to, as far as can be told: an IPv4 address, or the first 64 bits of an IPv6 address, which one
/// customer of a provider has to himself.
struct AddressKey: Hashable, Sendable {
  private let high: UInt64
  private let isFour: Bool

  /// Of an IPv4 address in host order.
  init(four: UInt32) {
    high = UInt64(four)
    isFour = true
  }

  /// Of the first half of an IPv6 address.
  init(six: UInt64) {
    high = six
    isFour = false
  }

  /// Reads the numeric text of an address; nil for anything else.
  init?(_ text: String) {
    guard let address = try? SocketAddress(numeric: text, port: 0) else { return nil }
    self = address.key
  }
}

/// Addresses whose word is taken about whom they speak for.
public struct TrustedAddresses: Hashable, Sendable {
  private var keys: Set<AddressKey> = []

  /// Nobody.
  public init() {}

  /// Reads numeric addresses; nil when one is none. Of an IPv6 address its /64 is meant.
  public init?(_ addresses: [String]) {
    for address in addresses {
      guard let key = AddressKey(address) else { return nil }
      keys.insert(key)
    }
  }

  /// Whether nobody is trusted.
  public var isEmpty: Bool { keys.isEmpty }

  func contains(_ key: AddressKey) -> Bool { !keys.isEmpty && keys.contains(key) }
}
