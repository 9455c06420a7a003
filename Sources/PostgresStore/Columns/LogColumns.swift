package import Market
package import Postgres

/// The columns of a command log row, in one order for reading and for writing.
package enum LogColumns {
  /// The table's own, in the order of the row type `command_log`.
  static let list = """
    shard, kind, side, order_type, time_in_force, self_trade_prevention, post_only, instrument_id, sequence, account_id, \
    price, quantity, order_id, accepted_at, target, target_sequence, extra_hold
    """

  /// For SELECT lists over ``source``.
  package static let readList = "\(list), \(conditions)"
  /// Log rows with what stands beside them.
  package static let source = source(of: "command_log")

  /// The same of one day's rows.
  static func source(day: Day) -> String { source(of: "command_log_\(day.compact)") }

  private static func source(of table: String) -> String {
    "\(table) g LEFT JOIN command_conditions d USING (shard, sequence)"
  }

  private static let ownCount = 17
  /// How many ``readList`` has.
  static let count = ownCount + conditionCount

  /// What a row asks for. Raw values are stored in the two low bits of `kind`.
  package enum Kind: UInt8, CaseIterable {
    case place = 0
    case cancel = 1
    case replace = 2
    /// What the exchange itself asks for; `side` says what (``ExchangeInstruction``).
    case market = 3

    /// The low bits of a stored `kind`.
    package static let mask: Int16 = 3
    /// The bit of `kind` that says an operator has refused the command. A bit and not a column: acceptance sends rows as
    /// the table's row type, so a column more would turn away every gateway that is still running the version before.
    package static let refused: Int16 = 4
  }

  /// What the exchange asks for. Raw values are stored in `side`; the other columns hold
  ///
  /// | | `order_type` | `time_in_force` | `post_only` | `price` | `quantity` | `target_sequence` |
  /// |---|---|---|---|---|---|---|
  /// | step | stage | trades of a part | | day | reference price | |
  /// | expire | | | | day orders through | limit | gtc orders through |
  /// | halt, unbind | | | | | | |
  /// | resume | | trades of a part | | | reference price | |
  /// | cross | | trades of a part | | | | |
  /// | bind | tier | near close | keeps the reference | reference | previous close | |
  package enum ExchangeInstruction: UInt8, CaseIterable {
    case step = 0
    case expire = 1
    case halt = 2
    case resume = 3
    /// A price band.
    case bind = 4
    /// The end of price bands.
    case unbind = 5
    /// A further part of an auction.
    case cross = 6
  }

  /// What a column holds that tells yes or no as a number, for `IN (…)`.
  package static let flags = "\(no), 1"
  /// No, as such a column tells it.
  package static let no = "0"

  /// Reads a row.
  package static func read(_ rows: PostgresRows, _ row: Int) throws(PostgresError) -> LogEntry {
    let raw = rows.int2(row, 1)
    let isRefused = raw & Kind.refused != 0
    let kind: Kind = try stored(isRefused ? raw & Kind.mask : raw)
    let command: Command
    switch kind {
    case .place: command = .place(try order(rows, row))
    case .cancel:
      command = .cancel(
        CancelOrder(
          target: identifier(rows, row, 12), targetSequence: Sequence(rawValue: rows.int8(row, 15)),
          account: AccountNumber(rawValue: rows.int8(row, 9)), instrument: InstrumentID(rawValue: rows.int4(row, 7))))
    case .replace:
      command = .replace(
        ReplaceOrder(
          order: try order(rows, row), target: identifier(rows, row, 14),
          targetSequence: Sequence(rawValue: rows.int8(row, 15)), extraHold: rows.int8(row, 16)))
    case .market: command = try instruction(rows, row)
    }
    return LogEntry(
      shard: Shard(rawValue: rows.int2(row, 0)), sequence: Sequence(rawValue: rows.int8(row, 8)),
      acceptedAt: Timestamp(rawValue: rows.timestamp(row, 13)),
      command: try complete(command, rows, row, from: ownCount), isRefused: isRefused)
  }

  private static func instruction(_ rows: PostgresRows, _ row: Int) throws(PostgresError) -> Command {
    let instrument = InstrumentID(rawValue: rows.int4(row, 7))
    let instruction: ExchangeInstruction = try stored(rows.int2(row, 2))
    switch instruction {
    case .step:
      let day = Day(rawValue: Int32(truncatingIfNeeded: rows.int8(row, 10)))
      let point = SessionPoint(day, try stored(rows.int2(row, 3)))
      return .step(SessionStep(instrument, point, auction: auction(rows, row)))
    case .expire:
      return .expire(
        ExpireOrders(
          instrument, dayThrough: Sequence(rawValue: rows.int8(row, 10)),
          untilCanceledThrough: Sequence(rawValue: rows.int8(row, 15)), limit: rows.int8(row, 11)))
    case .halt: return .halt(TradingHalt(instrument, isHalted: true))
    case .resume: return .halt(TradingHalt(instrument, isHalted: false, auction: auction(rows, row)))
    case .cross: return .cross(AuctionPart(instrument, limit: rows.int2(row, 4)))
    case .bind:
      return .band(
        BandChange(
          instrument,
          BandTerms(
            reference: Price(rawValue: rows.int8(row, 10)), previousClose: Price(rawValue: rows.int8(row, 11)),
            tier: try stored(rows.int2(row, 3)), isNearClose: rows.int2(row, 4) != 0),
          keepsReference: rows.bool(row, 6)))
    case .unbind: return .band(BandChange(instrument, nil))
    }
  }

  /// How the auction is held that a row leads to. Rows of versions before parts have zeros: all at once.
  private static func auction(_ rows: PostgresRows, _ row: Int) -> AuctionTerms {
    let reference = rows.int8(row, 11)
    return AuctionTerms(
      partLimit: rows.int2(row, 4), reference: reference > 0 ? Price(rawValue: reference) : nil)
  }

  private static func identifier(_ rows: PostgresRows, _ row: Int, _ column: Int) -> UniqueID {
    let (high, low) = rows.uuid(row, column)
    return UniqueID(high: high, low: low)
  }

  private static func order(_ rows: PostgresRows, _ row: Int) throws(PostgresError) -> PlaceOrder {
    try PlaceOrder(
      id: identifier(rows, row, 12), account: AccountNumber(rawValue: rows.int8(row, 9)),
      instrument: InstrumentID(rawValue: rows.int4(row, 7)),
      terms: OrderTerms(
        stored(rows.int2(row, 2)), Quantity(rawValue: rows.int8(row, 11)), at: Price(rawValue: rows.int8(row, 10)),
        type: stored(rows.int2(row, 3)), timeInForce: stored(rows.int2(row, 4)), postOnly: rows.bool(row, 6),
        selfTradePrevention: stored(rows.int2(row, 5))))
  }

  /// Writes a row; `place` is its place among the batch's rows of its shard.
  static func write(_ command: Command, shard: Shard, place: Int64, at time: Timestamp, to row: inout RowArray.Fields) {
    switch command {
    case .place(let order):
      write(.place, order, shard: shard, place: place, at: time, to: &row)
      row.null(.uuid)
      row.null(.int8)
      row.null(.int8)
    case .replace(let replace):
      write(.replace, replace.order, shard: shard, place: place, at: time, to: &row)
      row.uuid(replace.target.high, replace.target.low)
      row.int8(replace.targetSequence.rawValue)
      row.int8(replace.extraHold)
    case .cancel(let cancel):
      row.int2(shard.rawValue)
      row.int2(Int16(Kind.cancel.rawValue))
      for _ in 0..<4 { row.int2(0) }
      row.bool(false)
      row.int4(cancel.instrument.rawValue)
      row.int8(place)
      row.int8(cancel.account.rawValue)
      row.int8(0)
      row.int8(0)
      row.uuid(cancel.target.high, cancel.target.low)
      row.timestamp(microseconds: time.rawValue)
      row.null(.uuid)
      row.int8(cancel.targetSequence.rawValue)
      row.null(.int8)
    case .step(let step):
      write(
        .step, step.instrument, type: step.point.stage.rawValue, life: step.auction.partLimit,
        Int64(step.point.day.rawValue), quantity: step.auction.reference?.rawValue ?? 0, shard: shard, place: place,
        at: time, to: &row)
    case .expire(let expiry):
      write(
        .expire, expiry.instrument, expiry.dayThrough.rawValue, quantity: expiry.limit,
        target: expiry.untilCanceledThrough, shard: shard, place: place, at: time, to: &row)
    case .halt(let halt):
      write(
        halt.isHalted ? .halt : .resume, halt.instrument, life: halt.auction.partLimit,
        quantity: halt.auction.reference?.rawValue ?? 0, shard: shard, place: place, at: time, to: &row)
    case .cross(let part):
      write(.cross, part.instrument, life: part.limit, shard: shard, place: place, at: time, to: &row)
    case .band(let change):
      guard let terms = change.terms else {
        return write(.unbind, change.instrument, shard: shard, place: place, at: time, to: &row)
      }
      write(
        .bind, change.instrument, type: terms.tier.rawValue, life: terms.isNearClose ? 1 : 0,
        flag: change.keepsReference,
        terms.reference.rawValue, quantity: terms.previousClose.rawValue, shard: shard, place: place, at: time,
        to: &row)
    }
  }

  private static func write(
    _ instruction: ExchangeInstruction, _ instrument: InstrumentID, type: UInt8 = 0, life: Int16 = 0,
    flag: Bool = false,
    _ price: Int64 = 0, quantity: Int64 = 0, target: Sequence = .zero, shard: Shard, place: Int64, at time: Timestamp,
    to row: inout RowArray.Fields
  ) {
    row.int2(shard.rawValue)
    row.int2(Int16(Kind.market.rawValue))
    row.int2(Int16(instruction.rawValue))
    row.int2(Int16(type))
    row.int2(life)
    row.int2(0)
    row.bool(flag)
    row.int4(instrument.rawValue)
    row.int8(place)
    row.int8(0)
    row.int8(price)
    row.int8(quantity)
    row.uuid(0, 0)
    row.timestamp(microseconds: time.rawValue)
    row.null(.uuid)
    row.int8(target.rawValue)
    row.null(.int8)
  }

  private static func write(
    _ kind: Kind, _ order: PlaceOrder, shard: Shard, place: Int64, at time: Timestamp, to row: inout RowArray.Fields
  ) {
    row.int2(shard.rawValue)
    row.int2(Int16(kind.rawValue))
    row.int2(Int16(order.side.rawValue))
    row.int2(Int16(order.type.rawValue))
    row.int2(Int16(order.timeInForce.rawValue))
    row.int2(Int16(order.selfTradePrevention.rawValue))
    row.bool(order.postOnly)
    row.int4(order.instrument.rawValue)
    row.int8(place)
    row.int8(order.account.rawValue)
    row.int8(order.price.rawValue)
    row.int8(order.quantity.rawValue)
    row.uuid(order.id.high, order.id.low)
    row.timestamp(microseconds: time.rawValue)
  }
}
