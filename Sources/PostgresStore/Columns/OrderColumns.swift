internal import Accounting
internal import Market
package import Postgres

/// The columns of an order row, in one order for reading and for writing.
package enum OrderColumns {
  /// What stands beside an order row `o`, as `t`: behind the order row in a FROM clause.
  package static let join =
    "LEFT JOIN order_conditions t ON t.account_id = ANY (ARRAY[o.account_id]) AND t.order_id = o.order_id"

  /// For SELECT lists; `o` is the row, `t` what stands beside it (``join``).
  static let list = """
    o.account_id, o.order_id, o.instrument_id, o.shard, o.side, o.order_type, o.time_in_force, o.self_trade_prevention, \
    o.post_only, o.status, o.pending, o.sequence, o.priority, o.price, o.quantity, o.filled, o.filled_value, \
    o.updated_at, o.closed_at, o.replaces, o.replaced_by, o.client_order_id, \
    \(ConditionColumns.list)
    """
  private static let ownCount = 22
  /// How many there are.
  static let count = ownCount + ConditionColumns.count

  /// Reads a row whose order columns begin at `first`.
  static func read(_ rows: PostgresRows, _ row: Int, from first: Int = 0) throws(PostgresError) -> OrderRecord {
    func identifier(_ column: Int) -> UniqueID {
      let (high, low) = rows.uuid(row, first + column)
      return UniqueID(high: high, low: low)
    }
    return try OrderRecord(
      id: identifier(1), account: AccountNumber(rawValue: rows.int8(row, first)),
      clientOrderID: rows.text(row, first + 21), instrument: InstrumentID(rawValue: rows.int4(row, first + 2)),
      shard: Shard(rawValue: rows.int2(row, first + 3)), sequence: Sequence(rawValue: rows.int8(row, first + 11)),
      priority: Sequence(rawValue: rows.int8(row, first + 12)),
      terms: OrderTerms(
        stored(rows.int2(row, first + 4)), Quantity(rawValue: rows.int8(row, first + 14)),
        at: Price(rawValue: rows.int8(row, first + 13)), type: stored(rows.int2(row, first + 5)),
        timeInForce: stored(rows.int2(row, first + 6)), postOnly: rows.bool(row, first + 8),
        selfTradePrevention: stored(rows.int2(row, first + 7))),
      filled: Quantity(rawValue: rows.int8(row, first + 15)), filledValue: Money(rawValue: rows.int8(row, first + 16)),
      status: stored(rows.int2(row, first + 9)), pending: stored(rows.int2(row, first + 10)),
      replaces: rows.isNull(row, first + 19) ? nil : identifier(19),
      replacedBy: rows.isNull(row, first + 20) ? nil : identifier(20),
      updatedAt: Timestamp(rawValue: rows.timestamp(row, first + 17)),
      closedAt: rows.isNull(row, first + 18) ? nil : Timestamp(rawValue: rows.timestamp(row, first + 18)),
      conditions: ConditionColumns.read(rows, row, from: first + ownCount))
  }

  /// Writes a new order as the row type `orders` has it; `place` is its place among the batch's rows of its shard.
  static func write(_ order: OrderRecord, place: Int64, to row: inout RowArray.Fields) {
    row.int8(order.account.rawValue)
    row.uuid(order.id.high, order.id.low)
    row.int4(order.instrument.rawValue)
    row.int2(order.shard.rawValue)
    row.int2(Int16(order.side.rawValue))
    row.int2(Int16(order.type.rawValue))
    row.int2(Int16(order.timeInForce.rawValue))
    row.int2(Int16(order.selfTradePrevention.rawValue))
    row.bool(order.postOnly)
    row.bool(order.status.isOpen)
    row.int2(Int16(order.status.rawValue))
    row.int2(Int16(order.pending.rawValue))
    row.int8(place)
    row.int8(place)
    row.int8(order.price.rawValue)
    row.int8(order.quantity.rawValue)
    row.int8(order.filled.rawValue)
    row.int8(order.filledValue.rawValue)
    row.timestamp(microseconds: order.updatedAt.rawValue)
    row.null(.timestamptz)
    if let replaces = order.replaces { row.uuid(replaces.high, replaces.low) } else { row.null(.uuid) }
    row.null(.uuid)
    row.text(order.clientOrderID)
  }
}

/// A stored enumeration value.
/// - Throws: ``PostgresError/unknownValue(_:)`` for one that this program does not know.
package func stored<Value: RawRepresentable<UInt8>>(_ raw: Int16) throws(PostgresError) -> Value {
  guard let byte = UInt8(exactly: raw), let value = Value(rawValue: byte) else {
    throw .unknownValue("the database holds \(raw) where a \(Value.self) belongs, which this program does not know")
  }
  return value
}
