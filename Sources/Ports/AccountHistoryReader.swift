public import Market

/// Answers questions about an account's past from postings, events and trades.
public protocol AccountHistoryReader: Sendable {
  /// How an account's cash and shares have changed since the first of some ascending moments: net amounts for each span
  /// between one moment and the next, the last span being open.
  func movements(
    of account: AccountNumber, at moments: [Timestamp]
  ) async throws(LedgerError) -> [AccountMovement]

  /// The price of the last trade of each instrument before a moment; nil where there is none.
  func prices(_ questions: [PriceQuestion]) async throws(LedgerError) -> [Price?]

  /// What happened in an account, in order.
  /// - Returns: Nil when the query continues behind an activity that the account does not have.
  func activities(_ query: ActivityQuery) async throws(LedgerError) -> [AccountActivity]?
}

/// Asks what an instrument cost at a moment.
public struct PriceQuestion: Hashable, Sendable {
  /// Which instrument.
  public var instrument: InstrumentID
  /// Trades at or after this moment do not count.
  public var before: Timestamp

  /// Makes a question.
  public init(_ instrument: InstrumentID, before: Timestamp) {
    self.instrument = instrument
    self.before = before
  }
}

/// The net change of one asset in one span, by executions or from outside.
public struct AccountMovement: Hashable, Sendable {
  /// The span: 0 begins at the first moment.
  public var span: Int
  /// Shares of what; nil for cash.
  public var instrument: InstrumentID?
  /// Whether it came from outside (deposits, withdrawals, grants), not by an execution.
  public var isExternal: Bool
  /// Net shares, or net cash in 1/10000 dollar.
  public var amount: Int64
  /// Shares bought by executions.
  public var bought: Quantity
  /// What they cost.
  public var boughtValue: Money

  /// Makes a movement.
  public init(
    span: Int, instrument: InstrumentID?, isExternal: Bool, amount: Int64, bought: Quantity = .zero,
    boughtValue: Money = .zero
  ) {
    self.span = span
    self.instrument = instrument
    self.isExternal = isExternal
    self.amount = amount
    self.bought = bought
    self.boughtValue = boughtValue
  }
}
