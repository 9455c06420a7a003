internal import APIKit
internal import JSON
internal import Market
internal import Ports

extension JSONWriter {
  /// What a holder has chosen, and what a cash account cannot choose.
  mutating func configuration(_ configuration: AccountConfiguration) {
    beginObject()
    key("dtbp_check")
    string(configuration.dayTradeCheck.rawValue)
    key("pdt_check")
    string(configuration.patternDayTraderCheck.rawValue)
    key("trade_confirm_email")
    string(configuration.confirmsTrades.rawValue)
    key("suspend_trade")
    bool(configuration.suspendsTrading)
    key("ptp_no_exception_entry")
    bool(configuration.noExceptionEntry)
    key("no_shorting")
    bool(true)
    key("fractional_trading")
    bool(false)
    key("max_margin_multiplier")
    string(plain: "1")
    key("max_options_trading_level")
    integer(0)
    key("disable_overnight_trading")
    bool(false)
    endObject()
  }
}

extension AccountConfigurationChange {
  /// Reads what a body changes; null and empty strings say nothing.
  ///
  /// Libraries of compiled languages send every field, those that nobody has set with the zero of their type. So the zero
  /// of a choice that does not exist here is no wish: only a wish that cannot be granted is refused. The answer tells what
  /// holds.
  /// - Throws: ``APIError`` for a value of the wrong kind, and for what this exchange does not offer.
  init(_ body: JSONValue) throws(APIError) {
    self.init()
    dayTradeCheck = try body.word("dtbp_check")
    patternDayTraderCheck = try body.word("pdt_check")
    confirmsTrades = try body.word("trade_confirm_email")
    suspendsTrading = try body.choice("suspend_trade")
    noExceptionEntry = try body.choice("ptp_no_exception_entry")
    _ = try body.choice("no_shorting")
    if try body.choice("fractional_trading") == true { throw Self.unsupported("fractional orders are") }
    _ = try body.choice("disable_overnight_trading")
    if let multiplier = body.given("max_margin_multiplier") {
      guard let text = multiplier.string ?? multiplier.numberText, let number = Decimal4.parse(text) else {
        throw .field("invalid max_margin_multiplier", reason: "invalid_max_margin_multiplier")
      }
      guard number == 0 || number == Decimal4.one else { throw Self.unsupported("margin is") }
    }
    if let level = body.given("max_options_trading_level") {
      guard let number = level.integer else {
        throw .field("invalid max_options_trading_level", reason: "invalid_max_options_trading_level")
      }
      guard number == 0 else { throw Self.unsupported("options are") }
    }
  }

  private static func unsupported(_ what: String) -> APIError {
    APIError(422, "\(what) not supported", reason: "not_supported")
  }
}

extension JSONValue {
  fileprivate func word<Word: RawRepresentable<String>>(_ name: String) throws(APIError) -> Word? {
    guard let value = given(name) else { return nil }
    guard let word = value.string.flatMap({ Word(rawValue: $0) }) else {
      throw .field("invalid \(name)", reason: "invalid_\(name)")
    }
    return word
  }

  fileprivate func choice(_ name: String) throws(APIError) -> Bool? {
    guard let value = given(name) else { return nil }
    guard let choice = value.bool else { throw .field("invalid \(name)", reason: "invalid_\(name)") }
    return choice
  }
}
