internal import ClientKit
internal import JSON
internal import Market
internal import Ports
internal import Services

extension JSONWriter {
  /// An account as clients see it.
  /// - Parameters:
  ///   - marketValue: What its shares are worth at the last prices.
  ///   - lastEquity: What it was worth at the last close.
  ///   - now: Tells the date of the balance.
  mutating func account(_ account: AccountRecord, marketValue: Money, lastEquity: Money, now: Timestamp) {
    let buyingPower = Money(rawValue: max(0, account.cash.rawValue.saturatingSum(-account.held.rawValue)))
    let equity = Money(rawValue: account.cash.rawValue.saturatingSum(marketValue.rawValue))
    let isBlocked = account.status == .blocked
    beginObject()
    key("id")
    id(account.id)
    key("account_number")
    decimal(account.number.rawValue, fractionDigits: 0)
    key("status")
    string(plain: "ACTIVE")
    key("crypto_status")
    string(plain: "INACTIVE")
    key("currency")
    string(plain: "USD")
    key("created_at")
    time(account.createdAt)
    key("balance_asof")
    string(now.day.description)
    key("cash")
    money(account.cash)
    for name: StaticString in [
      "buying_power", "regt_buying_power", "non_marginable_buying_power", "effective_buying_power",
    ] {
      key(name)
      money(buyingPower)
    }
    for name: StaticString in ["equity", "portfolio_value"] {
      key(name)
      money(equity)
    }
    key("last_equity")
    money(lastEquity)
    for name: StaticString in [
      "long_market_value", "position_market_value", "initial_margin", "maintenance_margin",
    ] {
      key(name)
      money(marketValue)
    }
    key("trade_suspended_by_user")
    bool(account.isSuspended)
    accountConstants(isBlocked: isBlocked)
    endObject()
  }

  /// What margin, day trading, options and crypto would say: they do not exist here, but clients read the fields.
  private mutating func accountConstants(isBlocked: Bool) {
    for name: StaticString in [
      "short_market_value", "last_maintenance_margin", "daytrading_buying_power", "options_buying_power", "bod_dtbp",
      "sma", "accrued_fees", "pending_transfer_in", "pending_transfer_out", "intraday_adjustments",
      "pending_reg_taf_fees",
    ] {
      key(name)
      string(plain: "0")
    }
    key("multiplier")
    string(plain: "1")
    for name: StaticString in ["transfers_blocked", "shorting_enabled", "pattern_day_trader"] {
      key(name)
      bool(false)
    }
    for name: StaticString in ["trading_blocked", "account_blocked"] {
      key(name)
      bool(isBlocked)
    }
    for name: StaticString in ["daytrade_count", "crypto_tier", "options_trading_level", "options_approved_level"] {
      key(name)
      integer(0)
    }
  }
}
