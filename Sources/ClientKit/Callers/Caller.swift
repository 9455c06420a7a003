package import Market
package import Ports

/// Who sends a request, as its key has proved.
package struct Caller: Hashable, Sendable {
  /// The key's id: what requests are counted by.
  package var keyID: String
  /// The account.
  package var account: AccountNumber
  /// The account's public identifier.
  package var accountID: UniqueID
  /// What the key may do.
  package var role: KeyRole
  /// Requests a minute of this key; nil for the gateway's own limit.
  package var requestsPerMinute: Int?
  /// The version of the account's keys under which this one was valid.
  package var keysVersion: Int64
}
