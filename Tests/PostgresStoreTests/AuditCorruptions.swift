extension AuditFindingTests {
  /// One order for a statement to change, by a condition on `o` and its shard's cursor `c`.
  private static func order(_ condition: String) -> String {
    """
    (account_id, order_id) = (SELECT o.account_id, o.order_id FROM orders o JOIN shard_cursors c USING (shard)
      WHERE \(condition) ORDER BY o.order_id LIMIT 1)
    """
  }

  /// One event, trade or log row, by a condition.
  private static func row(_ table: String, _ condition: String) -> String {
    """
    (tableoid, ctid) = (SELECT r.tableoid, r.ctid FROM \(table) r JOIN shard_cursors c USING (shard)
      WHERE \(condition) ORDER BY r.shard, r.sequence LIMIT 1)
    """
  }

  /// One position that has been traded.
  private static let traded = """
    (account_id, instrument_id) = (
      SELECT account_id, instrument_id FROM positions WHERE lot_shares > 0 AND quantity > 0 ORDER BY 1, 2 LIMIT 1)
    """

  private static let place = "format('shard %s sequence %s ordinal %s', shard, sequence, ordinal)"

  static let corruptions: [Corruption] = [
    Corruption(
      "A1", "a closed order with a pending cancel",
      "UPDATE orders SET pending = 1 WHERE \(order("NOT o.is_open")) RETURNING order_id::text"),
    Corruption(
      "A1", "a closed order without the time of its end",
      "UPDATE orders SET closed_at = NULL WHERE \(order("NOT o.is_open")) RETURNING order_id::text"),
    Corruption(
      "A1", "an order that is closed by its state and open by its mark", also: ["A8", "D1", "G1", "F3"],
      """
      UPDATE orders SET is_open = true
      WHERE \(order("o.status = 3 AND o.side = 0 AND o.filled > 0 AND o.replaces IS NULL")) RETURNING order_id::text
      """),
    Corruption(
      "A2", "an order whose terms are not those of its command",
      "UPDATE orders SET time_in_force = (time_in_force + 1) % 4 WHERE \(order("NOT o.is_open")) RETURNING order_id::text"
    ),
    Corruption(
      "A2", "a lost order", also: ["A3", "G3"],
      "DELETE FROM orders WHERE \(order("o.status = 6 AND o.replaces IS NULL")) RETURNING order_id::text"),
    Corruption(
      "A2", "a command that is not what the client sent",
      """
      UPDATE command_log SET self_trade_prevention = (self_trade_prevention + 1) % 3
      WHERE \(row("command_log", "r.kind = 0")) RETURNING order_id::text
      """),
    Corruption(
      "A3", "an order whose client key is lost",
      """
      DELETE FROM order_keys WHERE fingerprint IS NULL AND \(order("o.status = 2")) RETURNING order_id::text
      """),
    Corruption(
      "A3", "a key of an order that does not exist",
      """
      INSERT INTO order_keys SELECT account_id, gen_random_uuid(), lowest_order_id('2100-01-01 00:00:00+00'), NULL
      FROM accounts LIMIT 1 RETURNING order_id::text
      """),
    Corruption(
      "A4", "an instrument moved to another shard",
      """
      WITH moved AS (UPDATE instruments SET shard = (shard + 1) % 3 WHERE instrument_id = 1 RETURNING instrument_id)
      SELECT order_id::text FROM orders JOIN moved USING (instrument_id) LIMIT 1
      """),
    Corruption(
      "A5", "an order that waits for a cancel nobody sent",
      """
      UPDATE orders SET pending = 1
      WHERE \(order("o.is_open AND o.pending = 0 AND o.sequence <= c.processed_sequence")) RETURNING order_id::text
      """),
    Corruption(
      "A6", "a replaced order that names a stranger",
      """
      UPDATE orders SET replaced_by = lowest_order_id('2100-01-01 00:00:00+00') WHERE \(order("o.status = 5"))
      RETURNING order_id::text
      """),
    Corruption(
      "A7", "conditions of an order that does not exist",
      """
      INSERT INTO order_conditions (account_id, order_id, order_class, role, leg, is_leg, phase, activation)
      SELECT account_id, lowest_order_id('2100-01-01 00:00:00+00'), 0, 0, 0, false, 0, 0
      FROM accounts LIMIT 1 RETURNING order_id::text
      """),
    Corruption(
      "A8", "an open order that recovery would not find",
      "DELETE FROM open_orders WHERE \(order("o.is_open")) RETURNING order_id::text"),
    Corruption(
      "A8", "an open order that is kept at another place of the log",
      "UPDATE open_orders SET sequence = sequence + 1 WHERE \(order("o.is_open")) RETURNING order_id::text"),
    Corruption(
      "A8", "a closed order that is kept as an open one",
      """
      INSERT INTO open_orders SELECT shard, side, instrument_id, account_id, price, order_id, sequence, time_in_force, order_type
      FROM orders WHERE \(order("NOT o.is_open")) RETURNING order_id::text
      """),
    Corruption(
      "A9", "a day on which an account has orders that its lists would not show",
      "DELETE FROM account_days WHERE account_id = 100000002 RETURNING format('account %s', account_id)"),
    Corruption(
      "B1", "an order that says it was executed and was not",
      """
      UPDATE orders SET status = 1
      WHERE \(order("o.status = 0 AND o.sequence <= c.processed_sequence")) RETURNING order_id::text
      """),
    Corruption(
      "B1", "more executed than asked for", also: ["A2", "G1"],
      "UPDATE orders SET quantity = filled - 1 WHERE \(order("o.status = 3 AND o.filled > 1")) RETURNING order_id::text"
    ),
    Corruption(
      "B2", "an executed value that is a ten-thousandth too high",
      "UPDATE orders SET filled_value = filled_value + 1 WHERE \(order("o.status = 2")) RETURNING order_id::text"),
    Corruption(
      "B2", "a lost trade", also: ["B3", "B6", "C2", "C3", "C6", "F2"],
      """
      DELETE FROM trades WHERE \(row("trades", "r.sequence < (SELECT max(sequence) FROM trades t WHERE t.instrument_id = r.instrument_id)"))
      RETURNING buy_order::text
      """),
    Corruption(
      "B3", "an execution told at another price", also: ["G5", "F1"],
      "UPDATE order_events SET price = price + 100 WHERE \(row("order_events", "r.kind = 2")) RETURNING \(place)"),
    Corruption(
      "B4", "a trade above the buyer's limit", also: ["B2", "B3", "B5", "B6", "C2", "C6", "F2"],
      """
      UPDATE trades SET price = price + 1000000
      WHERE (shard, sequence, ordinal) = (SELECT shard, sequence, ordinal FROM trades WHERE instrument_id = 1
        ORDER BY sequence DESC, ordinal DESC LIMIT 1) RETURNING \(place)
      """),
    Corruption(
      "B5", "a last price that nobody paid",
      "UPDATE last_prices SET price = price + 1 WHERE instrument_id = 2 RETURNING format('instrument %s', instrument_id)"
    ),
    Corruption(
      "B6", "a bar with one share too many",
      """
      UPDATE minute_bars SET volume = volume + 1
      WHERE (instrument_id, minute) = (SELECT instrument_id, max(minute) FROM minute_bars GROUP BY 1 ORDER BY 1 LIMIT 1)
      RETURNING format('instrument %s at %s', instrument_id, minute)
      """),
    Corruption(
      "C1", "a journal without lines",
      "INSERT INTO journals (kind) VALUES ('deposit') RETURNING format('journal %s', journal_id)"),
    Corruption(
      "C1", "a deposit that came from nowhere", also: ["C5"],
      """
      UPDATE journal_lines SET amount = amount + 1 WHERE account_id = -1 AND asset = 0 AND journal_id = 1
      RETURNING format('journal %s', journal_id)
      """),
    Corruption(
      "C2", "cash moved between accounts without a journal",
      """
      UPDATE accounts SET cash = cash + CASE account_id WHEN 100000001 THEN 1 ELSE -1 END
      WHERE account_id IN (100000001, 100000002) RETURNING format('account %s', account_id)
      """),
    Corruption(
      "C3", "shares moved between accounts without a journal",
      """
      UPDATE positions SET quantity = quantity + CASE account_id WHEN 100000001 THEN 1 ELSE -1 END
      WHERE account_id IN (100000001, 100000002) AND instrument_id = 3
      RETURNING format('account %s instrument %s', account_id, instrument_id)
      """),
    Corruption(
      "C4", "a cost below zero",
      """
      UPDATE positions SET cost = -1 WHERE account_id = 100000001 AND instrument_id = 1
      RETURNING format('account %s instrument %s', account_id, instrument_id)
      """),
    Corruption(
      "C4", "more held than there is", also: ["D1"],
      """
      UPDATE accounts SET held = cash + 1 WHERE account_id = 100000003 RETURNING format('account %s', account_id)
      """),
    Corruption(
      "C5", "cash from nowhere", also: ["C2"],
      "UPDATE accounts SET cash = cash + 1 WHERE account_id = 100000001 RETURNING 'cash'"),
    Corruption(
      "C5", "shares from nowhere", also: ["C3"],
      """
      UPDATE positions SET quantity = quantity + 1 WHERE account_id = 100000001 AND instrument_id = 4
      RETURNING format('instrument %s', instrument_id)
      """),
    Corruption(
      "C6", "a cost that no trade made",
      """
      UPDATE positions SET cost = cost + 1 WHERE \(traded) RETURNING format('account %s instrument %s', account_id, instrument_id)
      """),
    Corruption(
      "C6", "an average that no trade made",
      """
      UPDATE positions SET lot_cost = lot_cost + 1 WHERE \(traded)
      RETURNING format('account %s instrument %s', account_id, instrument_id)
      """),
    Corruption(
      "D1", "a ten-thousandth held for nothing",
      "UPDATE accounts SET held = held + 1 WHERE account_id = 100000004 RETURNING format('account %s', account_id)"),
    Corruption(
      "D1", "a replacement under way whose extra hold was forgotten",
      """
      WITH forgotten AS (
        UPDATE command_log SET extra_hold = extra_hold - 1
        WHERE \(row("command_log", "r.kind = 2 AND r.side = 0 AND r.extra_hold > 0 AND r.sequence > c.processed_sequence"))
        RETURNING account_id)
      SELECT format('account %s', account_id) FROM forgotten
      """),
    Corruption(
      "D2", "a share held for nothing",
      """
      UPDATE positions SET held = held + 1 WHERE account_id = 100000004 AND instrument_id = 2
      RETURNING format('account %s instrument %s', account_id, instrument_id)
      """),
    Corruption(
      "D3", "a replacement that held too little",
      """
      UPDATE command_log SET extra_hold = 0
      WHERE \(row("command_log", """
        r.kind = 2 AND r.side = 0 AND EXISTS (
          SELECT FROM order_events e JOIN order_events n USING (shard, sequence)
          WHERE e.shard = r.shard AND e.sequence = r.sequence AND e.kind = 4 AND n.kind = 0
            AND e.price * e.quantity < n.price * n.quantity)
        """)) RETURNING order_id::text
      """),
    Corruption(
      "E1", "a lost log row", also: ["E4"],
      """
      WITH lost AS (
        DELETE FROM command_log WHERE \(row("command_log", "r.kind = 1 AND r.sequence < c.processed_sequence"))
        RETURNING shard, sequence)
      SELECT format('shard %s sequence %s', shard, sequence + 1) FROM lost
      """),
    Corruption(
      "E1", "a log row that stands in two days",
      """
      INSERT INTO command_log SELECT shard, kind, side, order_type, time_in_force, self_trade_prevention, post_only,
        instrument_id, sequence, account_id, price, quantity, order_id, accepted_at + interval '1 day', target,
        target_sequence, extra_hold
      FROM command_log WHERE kind = 1 ORDER BY shard, sequence LIMIT 1 RETURNING format('shard %s sequence %s', shard, sequence)
      """),
    Corruption(
      "E1", "a counter ahead of the log",
      "UPDATE shard_logs SET last_sequence = last_sequence + 1 WHERE shard = 1 RETURNING format('shard %s', shard)"),
    Corruption(
      "E1", "a log without its first row",
      "DELETE FROM command_log WHERE shard = 2 AND sequence = 1 RETURNING format('shard %s sequence 2', shard)"),
    Corruption(
      "E2", "a cursor ahead of the log",
      """
      WITH added AS (INSERT INTO shard_logs VALUES (99, 0))
      INSERT INTO shard_cursors (shard, processed_sequence) VALUES (99, 1) RETURNING format('shard %s', shard)
      """),
    Corruption(
      "E2", "a shard without a cursor",
      """
      WITH added AS (INSERT INTO shard_logs VALUES (99, 0) RETURNING shard) SELECT format('shard %s', shard) FROM added
      """),
    Corruption(
      "E3", "a command whose event is lost", also: ["F1"],
      """
      DELETE FROM order_events WHERE \(row("order_events", "r.kind = 7")) RETURNING format('shard %s sequence %s', shard, sequence)
      """),
    Corruption(
      "E4", "an event of a command that is still to come", also: ["G4"],
      """
      INSERT INTO order_events SELECT e.shard, kind, reason, side, 0, instrument_id, c.processed_sequence + 1, account_id,
        order_id, price, quantity, filled, leaves, occurred_at
      FROM order_events e JOIN shard_cursors c USING (shard) WHERE kind = 7 ORDER BY e.shard, sequence LIMIT 1
      RETURNING \(place)
      """),
    Corruption(
      "E5", "an event out of its place", also: ["F1"],
      """
      UPDATE order_events SET ordinal = 5 WHERE \(row("order_events", "r.kind = 7"))
      RETURNING format('shard %s sequence %s', shard, sequence)
      """),
    Corruption(
      "E6", "a cancel of an order that came later",
      """
      UPDATE command_log SET target_sequence = sequence + 1
      WHERE \(row("command_log", "r.kind = 1 AND r.sequence <= c.processed_sequence"))
      RETURNING format('shard %s sequence %s', shard, sequence)
      """),
    Corruption(
      "E3", "a command out of quarantine that was never there", also: ["A2", "E8"],
      """
      WITH gone AS (DELETE FROM quarantined_commands WHERE (shard, sequence) = (
        SELECT q.shard, q.sequence FROM quarantined_commands q JOIN command_log g USING (shard, sequence)
        WHERE g.kind = 0 AND q.resolution = 'refused' ORDER BY 1, 2 LIMIT 1) RETURNING shard, sequence)
      SELECT format('shard %s sequence %s', shard, sequence) FROM gone
      """),
    Corruption(
      "E3", "a cancel in quarantine that is forgotten", also: ["F1", "F2", "F3"],
      """
      WITH gone AS (DELETE FROM quarantined_commands WHERE (shard, sequence) = (
        SELECT q.shard, q.sequence FROM quarantined_commands q JOIN command_log g USING (shard, sequence)
        JOIN orders o ON o.account_id = g.account_id AND o.order_id = g.order_id
        WHERE g.kind = 1 AND q.resolved_at IS NULL AND NOT o.is_open ORDER BY 1, 2 LIMIT 1) RETURNING shard, sequence)
      SELECT format('shard %s sequence %s', shard, sequence) FROM gone
      """),
    Corruption(
      "E7", "a command in quarantine before its turn",
      """
      INSERT INTO quarantined_commands (shard, sequence, quarantined_at, reason, tries, epoch)
      SELECT c.shard, c.processed_sequence + 1, now(), 'none', 3, c.epoch FROM shard_cursors c JOIN command_log g
        ON g.shard = c.shard AND g.sequence = c.processed_sequence + 1 AND g.kind = 0 ORDER BY c.shard LIMIT 1
      RETURNING format('shard %s sequence %s', shard, sequence)
      """),
    Corruption(
      "E7", "a command in quarantine that was carried out",
      """
      INSERT INTO quarantined_commands (shard, sequence, quarantined_at, reason, tries, epoch)
      SELECT r.shard, r.sequence, now(), 'none', 3, 1 FROM order_events r WHERE kind = 7 ORDER BY shard, sequence LIMIT 1
      RETURNING format('shard %s sequence %s', shard, sequence)
      """),
    Corruption(
      "E7", "a command in quarantine of no log",
      """
      INSERT INTO quarantined_commands (shard, sequence, quarantined_at, reason, tries, epoch)
      VALUES (99, 1, now(), 'none', 3, 1) RETURNING format('shard %s sequence %s', shard, sequence)
      """),
    Corruption(
      "E8", "a retried command that came back as another",
      """
      WITH moved AS (UPDATE quarantined_commands q SET resolved_sequence = resolved_sequence + 1
        WHERE (shard, sequence) = (SELECT shard, sequence FROM quarantined_commands WHERE resolution = 'retried'
          ORDER BY shard, sequence LIMIT 1) RETURNING shard, sequence)
      SELECT format('shard %s sequence %s', shard, sequence) FROM moved
      """),
    Corruption(
      "E9", "an instrument that was told what no log row says",
      """
      INSERT INTO session_steps (instrument_id, day, stage, sequence, told_at)
      SELECT 1, current_date, 1, last_sequence, now() FROM shard_logs WHERE shard = 0
      RETURNING format('instrument %s', instrument_id)
      """),
    Corruption(
      "E10", "a day order that is open when its close has been cleared", also: ["E9"],
      """
      WITH told AS (
        INSERT INTO session_steps (instrument_id, day, stage, sequence, closed_sequence, told_at)
        SELECT o.instrument_id, current_date, 2, o.sequence, o.sequence, now() FROM orders o JOIN shard_cursors c USING (shard)
        WHERE o.is_open AND o.time_in_force = 0 AND o.sequence <= c.processed_sequence AND (o.shard, o.sequence) NOT IN (
          SELECT shard, sequence FROM quarantined_commands) ORDER BY o.sequence DESC, o.shard LIMIT 1
        RETURNING instrument_id, sequence)
      SELECT o.order_id::text FROM orders o JOIN told t USING (instrument_id, sequence) LIMIT 1
      """),
    Corruption(
      "E13", "a part of an auction that no log row told",
      "INSERT INTO auction_parts (instrument_id, told_sequence) SELECT 1, 1000000 RETURNING 'instrument ' || instrument_id"
    ),
    Corruption(
      "F4", "an auction that the log does not hold",
      """
      INSERT INTO auction_parts (instrument_id, stage, before_sequence, is_closing, orders_left)
      SELECT 1, 0, 1, false, 1 RETURNING 'instrument ' || instrument_id
      """),
    Corruption(
      "E11", "an instrument with a band that no log row gave it",
      """
      INSERT INTO band_states (instrument_id, sequence, day) SELECT c.instrument_id, c.sequence, current_date
      FROM command_log c JOIN shard_cursors s USING (shard) WHERE c.sequence = s.processed_sequence
        AND c.instrument_id IS NOT NULL ORDER BY c.shard LIMIT 1
      RETURNING format('instrument %s', instrument_id)
      """),
    Corruption(
      "E8", "a retried command that was refused by the books",
      """
      UPDATE quarantined_commands SET resolution = 'refused'
      WHERE (shard, sequence) = (SELECT shard, sequence FROM quarantined_commands WHERE resolution = 'retried'
        ORDER BY shard, sequence LIMIT 1) RETURNING format('shard %s sequence %s', shard, sequence)
      """),
    Corruption(
      "E8", "a command that nobody refused", also: ["F1"],
      """
      UPDATE command_log SET kind = 4 WHERE \(row("command_log", "r.kind = 0")) RETURNING format('shard %s sequence %s', shard, sequence)
      """),
    Corruption(
      "E12", "a shard that has stood still for an hour",
      """
      WITH standing AS (
        SELECT c.shard, c.processed_sequence FROM shard_cursors c JOIN shard_logs l USING (shard)
        WHERE l.last_sequence > c.processed_sequence ORDER BY c.shard LIMIT 1
      ), stopped AS (
        UPDATE shard_cursors c SET processed_at = now() - interval '1 hour' FROM standing s WHERE s.shard = c.shard
      ), waiting AS (
        UPDATE command_log g SET accepted_at = now() - interval '1 hour' FROM standing s
        WHERE g.shard = s.shard AND g.sequence = s.processed_sequence + 1
      )
      SELECT format('shard %s', shard) FROM standing
      """),
    Corruption(
      "F1", "a cancel told for another reason",
      "UPDATE order_events SET reason = reason + 1 WHERE \(row("order_events", "r.kind = 3")) RETURNING \(place)"),
    Corruption(
      "F1", "a late cancel that was never sent", also: ["G4"],
      """
      INSERT INTO order_events SELECT shard, kind, reason, side, 1, instrument_id, sequence, account_id, order_id, price,
        quantity, filled, leaves, occurred_at + interval '1 day'
      FROM order_events WHERE kind = 7 ORDER BY shard, sequence LIMIT 1 RETURNING \(place)
      """),
    Corruption(
      "F2", "a trade whose taker was the maker", also: ["B3"],
      "UPDATE trades SET taker_side = 1 - taker_side WHERE \(row("trades", "true")) RETURNING \(place)"),
    Corruption(
      "F3", "an order ahead of its place in the queue",
      """
      UPDATE orders SET priority = priority - 1
      WHERE \(order("o.is_open AND o.replaces IS NOT NULL AND o.sequence <= c.processed_sequence"))
      RETURNING order_id::text
      """),
    Corruption(
      "G1", "a cancelled order that says it expired",
      "UPDATE orders SET status = 4 WHERE \(order("o.status = 3")) RETURNING order_id::text"),
    Corruption(
      "G2", "executed shares that jump", also: ["F1"],
      """
      UPDATE order_events SET filled = filled + 1
      WHERE \(row("order_events", """
        r.kind = 1 AND EXISTS (SELECT FROM order_events l WHERE l.account_id = r.account_id AND l.order_id = r.order_id
          AND (l.sequence, l.ordinal) > (r.sequence, r.ordinal) AND l.kind NOT IN (7, 8))
        """)) RETURNING order_id::text
      """),
    Corruption(
      "G3", "an event of another instrument", also: ["F1"],
      """
      UPDATE order_events SET instrument_id = 77 WHERE \(row("order_events", "r.kind = 7")) RETURNING \(place)
      """),
    Corruption(
      "G4", "an event told before it happened",
      """
      UPDATE order_events SET event_at = event_at - interval '1 hour'
      WHERE \(row("order_events", "r.kind = 0 AND r.sequence > 5")) RETURNING \(place)
      """),
    Corruption(
      "G4", "an event that no stream has",
      "UPDATE order_events SET event_at = NULL WHERE \(row("order_events", "r.kind = 7")) RETURNING \(place)"),
    Corruption(
      "G4", "an account that will tell times again",
      """
      UPDATE accounts SET last_event = last_event - interval '1 hour' WHERE account_id = 100000002
      RETURNING format('account %s', account_id)
      """),
    Corruption(
      "G5", "an execution that forgets what it was worth",
      "UPDATE order_events SET filled_value = filled_value - 1 WHERE \(row("order_events", "r.kind = 2")) RETURNING \(place)"
    ),
  ]
}
