public import Market

/// What holders choose for their accounts.
public protocol AccountConfigurationStore: Sendable {
  /// What an account's holder has chosen, or the defaults.
  func configuration(of account: AccountNumber) async throws(LedgerError) -> AccountConfiguration

  /// Stores a holder's choices; new orders obey them from the commit on.
  func setConfiguration(_ configuration: AccountConfiguration, of account: AccountNumber) async throws(LedgerError)
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
