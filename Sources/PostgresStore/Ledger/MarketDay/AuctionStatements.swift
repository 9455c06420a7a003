package import Market
package import Postgres

/// The SQL of auctions that are executed in parts.
package enum AuctionStatements {
  /// The columns of ``AuctionColumns``, of the table `a`.
  static let list = """
    a.stage, a.price, a.before_sequence, a.is_closing, a.next_close, a.reference_price, a.orders_left
    """

  /// Of the shards `$1`; read in the transaction of the books, because it belongs to the same moment.
  package static let ofBooks = PostgresStatement(
    "book_auctions",
    """
    SELECT i.shard, a.instrument_id, \(list)
    FROM auction_parts a JOIN instruments i USING (instrument_id)
    WHERE a.stage IS NOT NULL AND i.shard = ANY ($1::smallint[])
    """)

  static let change = PostgresStatement(
    "settle_auctions",
    """
    INSERT INTO auction_parts (instrument_id, stage, price, before_sequence, is_closing, next_close, reference_price,
      orders_left, changed_at)
    SELECT c.instrument_id, c.stage, c.price, c.before_sequence, c.is_closing, c.next_close, c.reference_price,
      c.orders_left, $2::timestamptz
    FROM unnest($1::auction_update[]) AS c
    ON CONFLICT (instrument_id) DO UPDATE SET stage = excluded.stage, price = excluded.price,
      before_sequence = excluded.before_sequence, is_closing = excluded.is_closing, next_close = excluded.next_close,
      reference_price = excluded.reference_price, orders_left = excluded.orders_left, changed_at = excluded.changed_at
    """)

  /// Parameters: prints, the moment.
  static let insertPrints = PostgresStatement(
    "settle_auction_prints",
    """
    INSERT INTO auction_prints (instrument_id, traded_at, sequence, day, is_closing, price, quantity)
    SELECT p.instrument_id, $2::timestamptz, p.sequence, date '1970-01-01' + p.day, p.is_closing, p.price, p.quantity
    FROM unnest($1::auction_print[]) AS p
    """)

  /// Instruments whose auctions are being executed.
  static let allProgress = PostgresStatement(
    "auction_standings",
    """
    SELECT a.instrument_id, i.shard, a.told_sequence, c.processed_sequence, a.orders_left, EXISTS (
      SELECT FROM quarantined_commands q WHERE q.shard = i.shard AND q.sequence = a.told_sequence
        AND (q.resolved_at IS NULL OR q.resolved_sequence > c.processed_sequence))
    FROM auction_parts a JOIN instruments i USING (instrument_id) JOIN shard_cursors c USING (shard)
    WHERE a.stage IS NOT NULL ORDER BY i.shard, a.instrument_id
    """)

  /// Numbers the rows and stores them, if every instrument stands as it was seen. No row comes back otherwise.
  ///
  /// Parameters: instructions, log rows, shard, how many log rows.
  static let append = PostgresStatement(
    "auction_tell",
    """
    WITH numbered AS (
      UPDATE shard_logs SET last_sequence = last_sequence + $4::integer
      WHERE shard = $3::smallint AND NOT EXISTS (
        SELECT FROM unnest($1::auction_telling[]) AS t LEFT JOIN auction_parts a USING (instrument_id)
        WHERE a.told_sequence IS DISTINCT FROM t.seen OR a.stage IS NULL)
      RETURNING last_sequence - $4::integer AS base
    ), logged AS (
      \(MarketDayStatements.appendLog)
    ), told AS (
      UPDATE auction_parts a SET told_sequence = n.base + t.place
      FROM unnest($1::auction_telling[]) AS t CROSS JOIN numbered n WHERE a.instrument_id = t.instrument_id
    )
    SELECT base FROM numbered
    """)
}

/// The columns that say where an auction stands.
package enum AuctionColumns {
  /// Reads rows of shard, instrument and ``AuctionStatements/list``.
  package static func read(_ rows: PostgresRows) throws(PostgresError) -> [Shard: [InstrumentID: AuctionExecution]] {
    var auctions: [Shard: [InstrumentID: AuctionExecution]] = [:]
    for row in 0..<rows.count {
      func price(_ column: Int) -> Price? { rows.isNull(row, column) ? nil : Price(rawValue: rows.int8(row, column)) }
      auctions[Shard(rawValue: rows.int2(row, 0)), default: [:]][InstrumentID(rawValue: rows.int4(row, 1))] =
        try AuctionExecution(
          stage: stored(rows.int2(row, 2)), price: price(3), before: Sequence(rawValue: rows.int8(row, 4)),
          isClosing: rows.bool(row, 5), nextClose: rows.isNull(row, 6) ? nil : Sequence(rawValue: rows.int8(row, 6)),
          reference: price(7), left: rows.int8(row, 8))
    }
    return auctions
  }

  /// Writes a row of the type `auction_update`.
  static func write(_ auction: AuctionExecution?, of instrument: InstrumentID, to row: inout RowArray.Fields) {
    row.int4(instrument.rawValue)
    guard let auction else {
      row.null(.int2)
      for _ in 0..<2 { row.null(.int8) }
      row.null(.bool)
      for _ in 0..<3 { row.null(.int8) }
      return
    }
    func write(_ value: Int64?) { if let value { row.int8(value) } else { row.null(.int8) } }
    row.int2(Int16(auction.stage.rawValue))
    write(auction.price?.rawValue)
    row.int8(auction.before.rawValue)
    row.bool(auction.isClosing)
    write(auction.nextClose?.rawValue)
    write(auction.reference?.rawValue)
    row.int8(auction.left)
  }
}
