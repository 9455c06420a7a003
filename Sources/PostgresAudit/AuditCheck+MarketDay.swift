internal import Market
internal import PostgresStore

extension AuditCheck {
  /// Invariant E for the market day: what instruments were told is in the log, and they trade as it says.
  static let marketDay: [AuditCheck] = [
    AuditCheck(
      id: "E9", title: "instruments were told what the log says, once and in order, and trade by what was processed",
      count: "SELECT (SELECT count(*) FROM session_steps) + (SELECT count(*) FROM instrument_phases)",
      violations: """
        WITH \(kept),
        -- What came out of quarantine was told when it went there.
        returned AS MATERIALIZED (
          SELECT shard, resolved_sequence FROM quarantined_commands WHERE resolved_at IS NOT NULL),
        steps AS MATERIALIZED (
          SELECT instrument_id, shard, sequence, date '1970-01-01' + price::integer AS day, order_type AS stage,
            lag(\(point)) OVER (PARTITION BY instrument_id ORDER BY sequence) >= \(point) AS is_back
          FROM command_log
          WHERE \(LogColumns.kind()) = \(LogColumns.Kind.market.sql) AND side = \(LogColumns.ExchangeInstruction.step.sql)
            AND (shard, sequence) NOT IN (SELECT * FROM returned)),
        last_steps AS (
          SELECT DISTINCT ON (instrument_id) * FROM steps ORDER BY instrument_id, sequence DESC),
        closes AS (
          SELECT instrument_id, max(sequence) AS sequence FROM steps
          WHERE stage = \(SessionStage.closed.sql) GROUP BY instrument_id),
        applied AS (
          SELECT DISTINCT ON (s.instrument_id) s.instrument_id, date '1970-01-01' + s.price::integer AS day,
            s.order_type AS stage
          FROM command_log s JOIN kept k USING (shard)
          WHERE s.kind = \(LogColumns.Kind.market.sql) AND s.side = \(LogColumns.ExchangeInstruction.step.sql) AND s.sequence <= k.processed AND (s.shard, s.sequence) NOT IN (
            SELECT q.shard, q.sequence FROM quarantined_commands q)
          ORDER BY s.instrument_id, s.price DESC, s.order_type DESC),
        tellings AS (
          SELECT instrument_id, max(sequence) AS sequence FROM command_log
          WHERE \(LogColumns.kind()) = \(LogColumns.Kind.market.sql) AND side IN (\(LogColumns.ExchangeInstruction.sql(.step, .expire))) AND (shard, sequence) NOT IN (SELECT * FROM returned)
          GROUP BY instrument_id)
        SELECT format('shard %s sequence %s', shard, sequence),
          format('instrument %s is told %s stage %s again or too late', instrument_id, day, stage)
        FROM steps WHERE is_back
        UNION ALL
        SELECT format('instrument %s', instrument_id), format('told %s stage %s, row %s, close %s; the log says %s stage %s, row %s, close %s',
          t.day, t.stage, t.sequence, t.closed_sequence, l.day, l.stage, r.sequence, coalesce(c.sequence, 0))
        FROM session_steps t FULL JOIN last_steps l USING (instrument_id) LEFT JOIN tellings r USING (instrument_id)
        LEFT JOIN closes c USING (instrument_id)
        LEFT JOIN kept k ON k.shard = (SELECT i.shard FROM instruments i WHERE i.instrument_id = t.instrument_id)
        -- The rows of an old day may have been detached.
        WHERE t.instrument_id IS NULL OR (t.sequence >= k.first
          AND (t.day, t.stage, t.sequence) IS DISTINCT FROM (l.day, l.stage, r.sequence))
          OR (t.closed_sequence >= k.first AND t.closed_sequence IS DISTINCT FROM c.sequence)
        UNION ALL
        SELECT format('instrument %s', instrument_id),
          format('stands at %s stage %s, the log at %s stage %s', p.day, p.stage, a.day, a.stage)
        FROM applied a LEFT JOIN instrument_phases p USING (instrument_id)
        WHERE (p.day, p.stage) IS DISTINCT FROM (a.day, a.stage)
        """),
    AuditCheck(
      id: "E10", title: "no order of a day is open whose close has been cleared",
      count: "SELECT count(*) FROM orders WHERE is_open AND time_in_force = \(TimeInForce.day.sql)",
      violations: """
        WITH \(putAside)
        SELECT o.order_id::text, format('a day order at sequence %s, the close at %s', o.sequence, s.closed_sequence)
        FROM orders o JOIN session_steps s USING (instrument_id)
        WHERE o.is_open AND o.time_in_force = \(TimeInForce.day.sql) AND s.is_cleared
          AND o.sequence <= s.closed_sequence AND (o.shard, o.sequence) NOT IN (SELECT * FROM put_aside)
        """),
    AuditCheck(
      id: "E11", title: "instruments are halted, and trade within bands, as the log says",
      count: "SELECT (SELECT count(*) FROM band_states) + (SELECT count(*) FROM instrument_phases)",
      violations: """
        WITH \(kept),
        errands AS MATERIALIZED (
          SELECT instrument_id, shard, sequence, side, order_type, quantity, time_in_force
          FROM command_log WHERE kind = \(LogColumns.Kind.market.sql) AND side IN (\(instructions))),
        told AS (
          -- What came out of quarantine was told when it went there.
          SELECT instrument_id, max(sequence) AS sequence FROM errands
          WHERE side IN (\(bands)) AND (shard, sequence) NOT IN (
            SELECT shard, resolved_sequence FROM quarantined_commands WHERE resolved_at IS NOT NULL)
          GROUP BY instrument_id),
        applied AS MATERIALIZED (
          SELECT e.* FROM errands e JOIN kept k USING (shard)
          WHERE e.sequence <= k.processed AND (e.shard, e.sequence) NOT IN (
            SELECT q.shard, q.sequence FROM quarantined_commands q)),
        halts AS (
          SELECT DISTINCT ON (instrument_id) instrument_id, side = \(LogColumns.ExchangeInstruction.halt.sql) AS is_halted
          FROM applied WHERE side NOT IN (\(bands)) ORDER BY instrument_id, sequence DESC),
        last_bands AS (
          SELECT DISTINCT ON (instrument_id) instrument_id,
            CASE side WHEN \(LogColumns.ExchangeInstruction.bind.sql) THEN order_type END AS tier,
            CASE side WHEN \(LogColumns.ExchangeInstruction.bind.sql) THEN quantity END AS previous_close,
            CASE side WHEN \(LogColumns.ExchangeInstruction.bind.sql) THEN time_in_force <> \(LogColumns.no) END AS is_near_close
          FROM applied WHERE side IN (\(bands)) ORDER BY instrument_id, sequence DESC)
        SELECT format('instrument %s', instrument_id), format('was told a band by row %s; the log says %s', s.sequence, t.sequence)
        FROM band_states s LEFT JOIN told t USING (instrument_id)
        LEFT JOIN kept k ON k.shard = (SELECT i.shard FROM instruments i WHERE i.instrument_id = s.instrument_id)
        -- The rows of an old day may have been detached.
        WHERE s.sequence >= k.first AND s.sequence IS DISTINCT FROM t.sequence
        UNION ALL
        SELECT format('instrument %s', instrument_id), format('%s halted; the log says otherwise',
          CASE WHEN coalesce(p.is_halted, false) THEN 'is' ELSE 'is not' END)
        FROM halts h LEFT JOIN instrument_phases p USING (instrument_id)
        WHERE coalesce(p.is_halted, false) <> h.is_halted
        UNION ALL
        SELECT format('instrument %s', instrument_id), format('has a band of tier %s after a close at %s; the log says tier %s, %s',
          p.band_tier, p.band_previous_close, b.tier, b.previous_close)
        FROM last_bands b LEFT JOIN instrument_phases p USING (instrument_id)
        WHERE (p.band_tier, p.band_previous_close, p.band_is_near_close)
          IS DISTINCT FROM (b.tier, b.previous_close, b.is_near_close)
        """),
    AuditCheck(
      id: "E13", title: "auctions are executed as the log says, of instruments and for orders that are there",
      count: "SELECT count(*) FROM auction_parts",
      violations: """
        WITH \(kept),
        told AS (
          SELECT instrument_id, max(sequence) AS sequence FROM command_log
          WHERE \(LogColumns.kind()) = \(LogColumns.Kind.market.sql) AND side = \(LogColumns.ExchangeInstruction.cross.sql)
            AND (shard, sequence) NOT IN (
              SELECT shard, resolved_sequence FROM quarantined_commands WHERE resolved_at IS NOT NULL)
          GROUP BY instrument_id)
        SELECT format('instrument %s', instrument_id),
          format('was told a part of its auction by row %s; the log says %s', a.told_sequence, t.sequence)
        FROM auction_parts a FULL JOIN told t USING (instrument_id)
        LEFT JOIN kept k ON k.shard = (
          SELECT i.shard FROM instruments i WHERE i.instrument_id = coalesce(a.instrument_id, t.instrument_id))
        -- The rows of an old day may have been detached.
        WHERE coalesce(a.told_sequence, 0) <> coalesce(t.sequence, 0) AND greatest(a.told_sequence, t.sequence) >= k.first
        UNION ALL
        SELECT format('instrument %s', instrument_id),
          format('its auction is for orders before row %s, of which %s have been processed', a.before_sequence, k.processed)
        FROM auction_parts a JOIN instruments i USING (instrument_id) JOIN kept k USING (shard)
        WHERE a.stage IS NOT NULL AND (a.before_sequence > k.processed OR a.next_close > k.processed)
        """),
  ]

  private static let bands = LogColumns.ExchangeInstruction.bands
  private static let instructions = "\(LogColumns.ExchangeInstruction.halts), \(bands)"
  /// Where a step leads, as a number that grows from one to the next.
  private static let point = "price * \(SessionStage.allCases.count) + order_type"
}
