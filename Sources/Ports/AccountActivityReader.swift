public import Market

/// Answers questions about an account's past from postings, events and trades.
public protocol AccountActivityReader: Sendable {
  /// How an account's cash and shares have changed since the first of some ascending moments: net amounts for each span
  /// between one moment and the next, the last span being open.
  /// - Parameter through: The last event of the account that counts: that of an ``AccountSnapshot``, so that both say the same.
  func movements(
    of account: AccountNumber, at moments: [Timestamp], through: Timestamp
  ) async throws(StoreError) -> [AccountMovement]

  /// How an account's cash and shares have changed since a moment.
  /// - Parameters:
  ///   - place: Only executions behind this event of the account count: for who knows the sum up to there.
  ///   - through: As for ``movements(of:at:through:)``.
  func recentMovements(
    of account: AccountNumber, since moment: Timestamp, behind place: Timestamp?, through: Timestamp
  ) async throws(StoreError) -> RecentMovements

  /// The price of the last trade of each instrument before a moment; nil where there is none.
  func prices(_ questions: [PriceQuestion]) async throws(StoreError) -> [Price?]

  /// What happened in an account, in order.
  /// - Returns: Nil when the query continues behind an activity that the account does not have.
  func activities(_ query: ActivityQuery) async throws(StoreError) -> [AccountActivity]?
}

/// What has moved since a moment, in one span.
public struct RecentMovements: Hashable, Sendable {
  /// Net amounts of the executions that were asked for.
  public var executed: [AccountMovement]
  /// The event of the latest of them; nil when there are none.
  public var through: Timestamp?
  /// Net amounts of all that came from outside.
  public var external: [AccountMovement]

  /// Names them.
  public init(executed: [AccountMovement], through: Timestamp?, external: [AccountMovement]) {
    self.executed = executed
    self.through = through
    self.external = external
  }

  /// With what was executed before.
  public func joined(after earlier: [AccountMovement], through place: Timestamp?) -> RecentMovements {
    var sums = Dictionary(earlier.map { ($0.instrument, $0) }, uniquingKeysWith: { first, _ in first })
    for movement in executed {
      guard var sum = sums[movement.instrument] else {
        sums[movement.instrument] = movement
        continue
      }
      sum.amount += movement.amount
      sum.bought += movement.bought
      sum.boughtValue += movement.boughtValue
      sums[movement.instrument] = sum
    }
    return RecentMovements(executed: Array(sums.values), through: through ?? place, external: external)
  }
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
