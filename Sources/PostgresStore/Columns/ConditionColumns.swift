internal import Accounting
internal import Market
internal import Postgres

/// The columns of a trigger, wherever one is stored.
enum TriggerColumns {
  /// How many there are.
  static let count = 5

  /// Reads a trigger whose columns begin at `first`; nil when there is none.
  static func read(_ rows: PostgresRows, _ row: Int, from first: Int) -> Trigger? {
    guard !rows.isNull(row, first) else { return nil }
    var trigger = Trigger(stop: Price(rawValue: rows.int8(row, first)))
    guard !rows.isNull(row, first + 3) else { return trigger }
    let distance: Trail.Distance =
      rows.isNull(row, first + 1) ? .fraction(rows.int8(row, first + 2)) : .amount(rows.int8(row, first + 1))
    trigger.trail = Trail(
      distance, mark: Price(rawValue: rows.int8(row, first + 3)), collar: rows.int8(row, first + 4))
    return trigger
  }

  /// Writes a trigger or its absence.
  static func write(_ trigger: Trigger?, to row: inout RowArray.Fields) {
    func number(_ value: Int64?) { if let value { row.int8(value) } else { row.null(.int8) } }
    number(trigger?.stop.rawValue)
    switch trigger?.trail?.distance {
    case nil:
      number(nil)
      number(nil)
    case .amount(let amount)?:
      number(amount)
      number(nil)
    case .fraction(let parts)?:
      number(nil)
      number(parts)
    }
    number(trigger?.trail?.mark.rawValue)
    number(trigger?.trail?.collar)
  }
}

/// The columns that stand beside an order row, in one order for reading and for writing.
enum ConditionColumns {
  /// For SELECT lists; `t` is the row of `order_conditions`.
  static let list = """
    t.stop_price, t.trail_amount, t.trail_fraction, t.mark_price, t.collar, t.order_class, t.role, t.group_id, t.leg, \
    t.is_leg, t.phase, t.activation
    """
  /// How many there are.
  static let count = 12

  /// Reads conditions whose columns begin at `first`; nil when the order has none.
  static func read(_ rows: PostgresRows, _ row: Int, from first: Int) throws(PostgresError) -> OrderConditions? {
    let next = first + TriggerColumns.count
    guard !rows.isNull(row, next) else { return nil }
    return try OrderConditions(
      trigger: TriggerColumns.read(rows, row, from: first), orderClass: stored(rows.int2(row, next)),
      role: stored(rows.int2(row, next + 1)),
      group: rows.isNull(row, next + 2) ? nil : UniqueID(rows.uuid(row, next + 2)),
      leg: UInt8(truncatingIfNeeded: rows.int2(row, next + 3)), isLeg: rows.bool(row, next + 4),
      phase: stored(rows.int2(row, next + 5)), activation: rows.int4(row, next + 6))
  }

  /// Writes the row of `order_conditions` for a new order.
  static func write(_ conditions: OrderConditions, of order: OrderRecord, to row: inout RowArray.Fields) {
    row.int8(order.account.rawValue)
    row.uuid(order.id.high, order.id.low)
    TriggerColumns.write(conditions.trigger, to: &row)
    row.int2(Int16(conditions.orderClass.rawValue))
    row.int2(Int16(conditions.role.rawValue))
    if let group = conditions.group { row.uuid(group.high, group.low) } else { row.null(.uuid) }
    row.int2(Int16(conditions.leg))
    row.bool(conditions.isLeg)
    row.int2(Int16(conditions.phase.rawValue))
    row.int4(conditions.activation)
  }
}

extension LogColumns {
  /// The columns of `command_conditions`, which stand beside a log row; for SELECT lists.
  package static let conditions = """
    stop_price, trail_amount, trail_fraction, mark_price, collar, order_class, profit_order, profit_price, loss_order, \
    loss_type, loss_price, loss_stop, target_leg
    """
  static let conditionCount = 13

  /// Adds what stands beside a log row to its command; the columns begin at `first`.
  static func complete(
    _ command: Command, _ rows: PostgresRows, _ row: Int, from first: Int
  ) throws(PostgresError) -> Command {
    guard !rows.isNull(row, first + 12) else { return command }
    let leg = UInt8(truncatingIfNeeded: rows.int2(row, first + 12))
    switch command {
    case .place(var order):
      try complete(&order, rows, row, from: first)
      return .place(order)
    case .cancel(var cancel):
      cancel.targetLeg = leg
      return .cancel(cancel)
    case .replace(var replace):
      try complete(&replace.order, rows, row, from: first)
      replace.targetLeg = leg
      return .replace(replace)
    case .step, .expire, .halt, .band, .cross: return command
    }
  }

  private static func complete(
    _ order: inout PlaceOrder, _ rows: PostgresRows, _ row: Int, from first: Int
  ) throws(PostgresError) {
    order.trigger = TriggerColumns.read(rows, row, from: first)
    order.orderClass = try stored(rows.int2(row, first + 5))
    if !rows.isNull(row, first + 6) {
      order.legs.append(
        OrderLeg(
          id: UniqueID(rows.uuid(row, first + 6)),
          LegTerms(takeProfitAt: Price(rawValue: rows.int8(row, first + 7)))))
    }
    if !rows.isNull(row, first + 8) {
      order.legs.append(
        OrderLeg(
          id: UniqueID(rows.uuid(row, first + 8)),
          LegTerms(
            .stopLoss, try stored(rows.int2(row, first + 9)), at: Price(rawValue: rows.int8(row, first + 10)),
            stop: Price(rawValue: rows.int8(row, first + 11)))))
    }
  }

  /// Writes the row of `command_conditions`, if the command has one; `place` is that of its log row.
  static func writeConditions(_ command: Command, shard: Shard, place: Int64, to rows: inout RowArray) {
    switch command {
    case .place(let order):
      if order.trigger != nil || !order.legs.isEmpty {
        rows.append { write(order, leg: 0, shard: shard, place: place, to: &$0) }
      }
    case .cancel(let cancel):
      if cancel.targetLeg != 0 {
        rows.append { write(nil, leg: cancel.targetLeg, shard: shard, place: place, to: &$0) }
      }
    case .replace(let replace):
      if replace.order.trigger != nil || replace.targetLeg != 0 {
        rows.append { write(replace.order, leg: replace.targetLeg, shard: shard, place: place, to: &$0) }
      }
    case .step, .expire, .halt, .band, .cross: break
    }
  }

  private static func write(
    _ order: PlaceOrder?, leg: UInt8, shard: Shard, place: Int64, to row: inout RowArray.Fields
  ) {
    row.int2(shard.rawValue)
    row.int8(place)
    TriggerColumns.write(order?.trigger, to: &row)
    row.int2(Int16((order?.orderClass ?? .simple).rawValue))
    let profit = order?.legs.first { $0.terms.role == .takeProfit }
    if let profit { row.uuid(profit.id.high, profit.id.low) } else { row.null(.uuid) }
    if let profit { row.int8(profit.terms.price.rawValue) } else { row.null(.int8) }
    let loss = order?.legs.first { $0.terms.role == .stopLoss }
    if let loss { row.uuid(loss.id.high, loss.id.low) } else { row.null(.uuid) }
    if let loss { row.int2(Int16(loss.terms.type.rawValue)) } else { row.null(.int2) }
    if let loss { row.int8(loss.terms.price.rawValue) } else { row.null(.int8) }
    if let stop = loss?.terms.stop { row.int8(stop.rawValue) } else { row.null(.int8) }
    row.int2(Int16(leg))
  }
}
