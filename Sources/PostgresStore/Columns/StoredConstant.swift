package import Accounting
package import Market

/// An enumeration of which rows hold the raw values, and whose values the text of a statement may name.
///
/// This is the one place where a value becomes SQL. Statements take values from callers as parameters. A value that a
/// statement is about stands in its text all the same: a statement that counts executions is another than one that counts
/// cancels, a plan is made for what the text says and not for any value, and the predicate of a partial index is recognised
/// only by a constant. So a text never has the number of a value in it: a test looks for them.
package protocol StoredConstant: RawRepresentable<UInt8>, CaseIterable, Hashable {}

extension StoredConstant {
  /// The value as a number in the text of a statement.
  package var sql: String { "\(rawValue)" }

  /// Several values for `IN (…)`.
  package static func sql(_ values: Self...) -> String { list(values) }

  /// The values that fit, for `IN (…)`.
  package static func sql(where fits: (Self) -> Bool) -> String { list(allCases.filter(fits)) }

  /// From the least value to the greatest, for `BETWEEN …`. No number between the two is without a meaning.
  package static var span: String {
    let values = allCases.map(\.rawValue).sorted()
    return "\(values.first!) AND \(values.last!)"
  }

  private static func list(_ values: [Self]) -> String { values.map(\.sql).joined(separator: ", ") }
}

extension AccountStatus: StoredConstant {}
extension AuctionExecution.Stage: StoredConstant {}
extension BandTier: StoredConstant {}
extension OrderClass: StoredConstant {}
extension OrderEvent.Kind: StoredConstant {}
extension OrderPhase: StoredConstant {}
extension OrderRole: StoredConstant {}
extension OrderStatus: StoredConstant {}
extension OrderType: StoredConstant {}
extension PendingChange: StoredConstant {}
extension SelfTradePrevention: StoredConstant {}
extension SessionStage: StoredConstant {}
extension Side: StoredConstant {}
extension TimeInForce: StoredConstant {}
extension LogColumns.Kind: StoredConstant {}
extension LogColumns.ExchangeInstruction: StoredConstant {}

extension Side {
  /// The other side of the one that an expression tells.
  package static func opposite(of expression: String) -> String {
    "\(Side.buy.rawValue + Side.sell.rawValue) - \(expression)"
  }
}

extension OrderEvent.Kind {
  /// Whether an event of this kind is an execution.
  package var isExecution: Bool { self == .partialFill || self == .fill }

  /// Whether an event of this kind says that a request came to nothing: it tells nothing of its order.
  package var isOfRequest: Bool { self == .cancelRejected || self == .replaceRejected }

  /// The kinds of executions, for `IN (…)`.
  package static var executions: String { sql(where: \.isExecution) }

  /// The kinds of requests that came to nothing, for `IN (…)`.
  package static var ofRequests: String { sql(where: \.isOfRequest) }
}

extension OrderStatus {
  /// The states of open orders, for `IN (…)`.
  package static var open: String { sql(where: \.isOpen) }
}

extension LogColumns {
  /// What a log row asks for, without the bit that says that an operator has refused it: an expression of its `kind`.
  /// - Parameter row: What the row is called; nil where its columns need no name.
  package static func kind(of row: String? = nil) -> String {
    "\(row.map { "\($0)." } ?? "")kind & \(Kind.mask)"
  }
}

extension LogColumns.Kind {
  /// What may stand in `kind`, for `BETWEEN …`: every kind, with or without the bit of a refusal.
  package static var storedSpan: String { "0 AND \(mask | refused)" }

  /// The kinds that bring orders, for `IN (…)`.
  package static var ofOrders: String { sql(.place, .replace) }
}

extension LogColumns.ExchangeInstruction {
  /// Halts and their ends, for `IN (…)`.
  package static var halts: String { sql(.halt, .resume) }

  /// Price bands and their ends, for `IN (…)`.
  package static var bands: String { sql(.bind, .unbind) }
}
