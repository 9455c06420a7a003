public import Market

/// What operators let single orders be at most.
public protocol BoundsOperations: Sendable {
  /// Sets the bounds of a scope; all of them: what is not given is no bound any more. Gateways heed them at once.
  func set(_ bounds: OrderBounds, for scope: BoundsScope) async throws(AdministrationError)

  /// Takes the bounds of a scope away.
  /// - Returns: Whether there were any.
  func clear(_ scope: BoundsScope) async throws(AdministrationError) -> Bool

  /// All bounds.
  func all() async throws(AdministrationError) -> [StoredBounds]
}

/// Whose orders, and for what. One of the two is given; without an account everybody's, without a symbol everything.
public struct BoundsScope: Hashable, Sendable, CustomStringConvertible {
  /// The account that the bounds hold for; nil for all of them.
  public var account: AccountName?
  /// For what.
  public var symbol: Symbol?

  /// Names a scope.
  public init(account: AccountName?, symbol: Symbol?) {
    self.account = account
    self.symbol = symbol
  }

  /// `account 100000001, AAPL`.
  public var description: String {
    [account.map { "account \($0)" }, symbol?.description].compactMap { $0 }.joined(separator: ", ")
  }
}

/// What an operator may ask of bounds, by the request alone. Each rule tells what is wrong; nil when nothing is.
package enum BoundsRules {
  /// Bounds that are set.
  package static func flaw(_ bounds: OrderBounds, for scope: BoundsScope) -> String? {
    if let flaw = flaw(scope) { return flaw }
    if bounds == OrderBounds() { return "there is no bound to set: \"bounds clear\" takes bounds away" }
    return bounds.collar != nil && scope.symbol == nil ? "a collar is a symbol's" : nil
  }

  /// Whose bounds.
  package static func flaw(_ scope: BoundsScope) -> String? {
    scope.account == nil && scope.symbol == nil ? "bounds are an account's, a symbol's, or both" : nil
  }
}

/// Bounds as they are stored.
public struct StoredBounds: Hashable, Sendable {
  /// Whose orders; nil for everybody's.
  public var account: AccountNumber?
  /// For what; nil for everything.
  public var symbol: Symbol?
  /// The bounds.
  public var bounds: OrderBounds

  /// Describes bounds.
  public init(account: AccountNumber?, symbol: Symbol?, bounds: OrderBounds) {
    self.account = account
    self.symbol = symbol
    self.bounds = bounds
  }
}
