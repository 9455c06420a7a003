public import Services

/// Bounds and spans of the gateway. Spans are in microseconds.
public struct GatewayConfiguration: Hashable, Sendable {
  /// Largest body of a request, in bytes: plenty for an order of any class, and for the longest list of symbols.
  public var maximumBodyBytes = 64 << 10
  /// How long a known key is trusted before it is looked up again: how long a revoked key may still read when nobody has
  /// told of its end. It places, changes and cancels nothing from the revocation's commit on.
  public var credentialLifetime: Int64 = 1_000_000
  /// How long an unknown key is known to be unknown.
  public var unknownCredentialLifetime: Int64 = 250_000
  /// Keys that do not exist which one address may have looked up: a second, and at once.
  public var unknownKeysPerSecond = 20
  public var unknownKeyBurst = 60
  /// Most keys that are kept.
  public var maximumCachedCredentials = 50_000
  /// How old the list of instruments may be.
  public var instrumentLifetime: Int64 = 1_000_000
  /// How old last prices may be.
  public var priceLifetime: Int64 = 250_000
  /// How long an answer of `/readyz` stands.
  public var readinessLifetime: Int64 = 500_000
  /// Requests a minute of a key that has no limit of its own; 0 for no limit.
  public var requestsPerMinute = 0
  /// Requests of one key that are being answered at once; further ones are told to come back. 0 for no limit.
  public var requestsInFlightPerKey = 4_000
  /// Open streams of market data of one account.
  public var marketStreamsPerAccount = 100
  /// What one request may do with many orders.
  package var entry = OrderEntrySettings()
  /// The rules for orders.
  public var rules = OrderRules()

  /// The defaults.
  public init() {}
}
