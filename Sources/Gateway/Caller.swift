internal import Market
internal import Ports

/// Who sends a request, as its key has proved.
struct Caller: Hashable, Sendable {
  /// The key's id: what requests are counted by.
  var keyID: String
  /// The account.
  var account: AccountNumber
  /// The account's public identifier.
  var accountID: UniqueID
  /// What the key may do.
  var role: KeyRole
  /// Requests a minute of this key; nil for the gateway's own limit.
  var requestsPerMinute: Int?
  /// The version of the account's keys under which this one was valid.
  var keysVersion: Int64
}
