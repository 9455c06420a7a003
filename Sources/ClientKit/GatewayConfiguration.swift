package import Services

/// Bounds and spans of the gateway. Spans are in microseconds.
package struct GatewayConfiguration: Hashable, Sendable {
  /// Largest body of a request, in bytes: plenty for an order of any class, and for the longest list of symbols.
  package var maximumBodyBytes = 64 << 10
  /// How long a known key is trusted before it is looked up again: how long a revoked key may still read when nobody has
  /// told of its end. It places, changes and cancels nothing from the revocation's commit on.
  package var credentialLifetime: Int64 = 1_000_000
  /// How long an unknown key is known to be unknown.
  package var unknownCredentialLifetime: Int64 = 250_000
  /// Keys that do not exist which one address may have looked up: a second, and at once.
  package var unknownKeysPerSecond = 20
  package var unknownKeyBurst = 60
  /// Most keys that are kept.
  package var maximumCachedCredentials = 50_000
  /// How old the list of instruments may be.
  package var instrumentLifetime: Int64 = 1_000_000
  /// How old last prices may be.
  package var priceLifetime: Int64 = 250_000
  /// How long an answer of `/readyz` stands.
  package var readinessLifetime: Int64 = 500_000
  /// Requests a minute of a key that has no limit of its own; 0 for no limit.
  package var requestsPerMinute = 0
  /// Requests of one key that are being answered at once; further ones are told to come back. 0 for no limit.
  package var requestsInFlightPerKey = 4_000
  /// Open streams of market data of one account.
  package var marketStreamsPerAccount = 100
  /// What one request may do with many orders.
  package var entry = OrderEntrySettings()
  /// The rules for orders.
  package var rules = OrderRules()

  /// The defaults.
  package init() {}
}
