public import Market

/// What holders choose for their accounts.
public protocol AccountConfigurationStore: Sendable {
  /// What an account's holder has chosen, or the defaults.
  func configuration(of account: AccountNumber) async throws(StoreError) -> AccountConfiguration

  /// Changes what a holder names and nothing else, whatever others change meanwhile; new orders obey it from the commit on.
  /// - Returns: All choices as they stand then.
  func changeConfiguration(
    _ change: AccountConfigurationChange, of account: AccountNumber
  ) async throws(StoreError) -> AccountConfiguration
}

/// Which choices a holder changes; those that are nil stay as they are.
public struct AccountConfigurationChange: Hashable, Sendable {
  /// Of the day-trading buying power.
  public var dayTradeCheck: AccountConfiguration.Check?
  /// Of pattern day traders.
  public var patternDayTraderCheck: AccountConfiguration.Check?
  /// Which trades are confirmed.
  public var confirmsTrades: AccountConfiguration.Confirmation?
  /// Whether new orders are refused.
  public var suspendsTrading: Bool?
  /// Of publicly traded partnerships.
  public var noExceptionEntry: Bool?

  /// Changes nothing.
  public init() {}

  /// What becomes of choices.
  public func applied(to configuration: AccountConfiguration) -> AccountConfiguration {
    var changed = configuration
    changed.dayTradeCheck = dayTradeCheck ?? changed.dayTradeCheck
    changed.patternDayTraderCheck = patternDayTraderCheck ?? changed.patternDayTraderCheck
    changed.confirmsTrades = confirmsTrades ?? changed.confirmsTrades
    changed.suspendsTrading = suspendsTrading ?? changed.suspendsTrading
    changed.noExceptionEntry = noExceptionEntry ?? changed.noExceptionEntry
    return changed
  }
}

/// What a holder may choose. What a cash account cannot have (margin, shorting, fractions, options) is no choice here.
public struct AccountConfiguration: Hashable, Sendable {
  /// When day trades would be checked; kept for clients, a cash account has no such limit.
  public enum Check: String, Hashable, Sendable, CaseIterable {
    case both
    case entry
    case exit
  }

  /// Which trades are confirmed by mail.
  public enum Confirmation: String, Hashable, Sendable, CaseIterable {
    case all
    case none
  }

  /// Of the day-trading buying power.
  public var dayTradeCheck = Check.both
  /// Of pattern day traders.
  public var patternDayTraderCheck = Check.both
  /// Which trades are confirmed.
  public var confirmsTrades = Confirmation.all
  /// New orders are refused.
  public var suspendsTrading = false
  /// Of publicly traded partnerships; kept for clients.
  public var noExceptionEntry = false

  /// The defaults.
  public init() {}
}
