-- Market data: trades by instrument and time, bars of one minute, and the history of quotes.
--
-- Bars are kept by a trigger on the days' tables of trades: whoever writes a trade, a worker of an earlier version too,
-- keeps them in the same transaction, so that they are at every moment what the trades say. Settlements of an instrument
-- follow each other in the order of its log (they hold its shard's cursor), so first and last are known without looking.

-- Which trades an instrument had in a span of time, in order. New days' tables get it from here.
CREATE INDEX trades_of_instrument ON trades (instrument_id, traded_at, sequence, ordinal);

-- One row for each minute in which an instrument traded. `value` is the sum of price times quantity.
CREATE TABLE minute_bars (
  instrument_id integer NOT NULL,
  minute timestamptz NOT NULL,
  open bigint NOT NULL,
  high bigint NOT NULL,
  low bigint NOT NULL,
  close bigint NOT NULL,
  volume bigint NOT NULL,
  value numeric NOT NULL,
  trades bigint NOT NULL,
  PRIMARY KEY (instrument_id, minute)
) PARTITION BY RANGE (minute);

-- Best bid and ask after a command, each time that they changed; 0 for a side without orders. Written behind settling and
-- not by it: what a worker had in hand when it died is missing, never wrong.
CREATE TABLE quotes (
  instrument_id integer NOT NULL,
  quoted_at timestamptz NOT NULL,
  sequence bigint NOT NULL,
  bid bigint NOT NULL,
  bid_size bigint NOT NULL,
  ask bigint NOT NULL,
  ask_size bigint NOT NULL
) PARTITION BY RANGE (quoted_at);

-- Adds one statement's trades to the bars of their minutes.
CREATE FUNCTION keep_minute_bars() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO minute_bars AS b
  SELECT t.instrument_id, date_bin('1 minute', t.traded_at, 'epoch'),
    (min(ARRAY[t.sequence, t.ordinal, t.price]))[3], max(t.price), min(t.price),
    (max(ARRAY[t.sequence, t.ordinal, t.price]))[3], sum(t.quantity), sum(t.price::numeric * t.quantity), count(*)
  FROM new_trades t GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (instrument_id, minute) DO UPDATE SET
    high = greatest(b.high, excluded.high), low = least(b.low, excluded.low), close = excluded.close,
    volume = b.volume + excluded.volume, value = b.value + excluded.value, trades = b.trades + excluded.trades;
  RETURN NULL;
END
$$;

-- Statements name a day's table, as settlements do, or the whole: each fires its own trigger only.
CREATE TRIGGER keep_minute_bars AFTER INSERT ON trades REFERENCING NEW TABLE AS new_trades
  FOR EACH STATEMENT EXECUTE FUNCTION keep_minute_bars();

-- Makes what a UTC day lacks beside its table of trades; does nothing for a day without one. Safe to call from anywhere at
-- any time.
CREATE FUNCTION ensure_market_day(this date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  suffix text := to_char(this, 'YYYYMMDD');
  low text := to_char(this, 'YYYY-MM-DD') || ' 00:00:00+00';
  high text := to_char(this + 1, 'YYYY-MM-DD') || ' 00:00:00+00';
BEGIN
  IF to_regclass('trades_' || suffix) IS NULL OR EXISTS (
    SELECT FROM pg_trigger WHERE tgrelid = to_regclass('trades_' || suffix) AND tgname = 'keep_minute_bars') THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(7361724);
  IF EXISTS (
    SELECT FROM pg_trigger WHERE tgrelid = to_regclass('trades_' || suffix) AND tgname = 'keep_minute_bars') THEN
    RETURN;
  END IF;
  EXECUTE format(
    'CREATE TABLE minute_bars_%s PARTITION OF minute_bars FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 50)',
    suffix, low, high);
  EXECUTE format('CREATE TABLE quotes_%s PARTITION OF quotes FOR VALUES FROM (%L) TO (%L)', suffix, low, high);
  EXECUTE format('CREATE UNIQUE INDEX ON quotes_%s (instrument_id, quoted_at, sequence)', suffix);
  EXECUTE format('CREATE TRIGGER keep_minute_bars AFTER INSERT ON trades_%s REFERENCING NEW TABLE AS new_trades '
    'FOR EACH STATEMENT EXECUTE FUNCTION keep_minute_bars()', suffix);
END
$$;

-- The days that are there, the oldest first: their bars are made of their trades, and no trade can come between.
DO $$
DECLARE
  leaf text;
BEGIN
  FOR leaf IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'trades'::regclass AND c.relname ~ '^trades_[0-9]{8}$' ORDER BY 1
  LOOP
    PERFORM ensure_market_day(to_date(right(leaf, 8), 'YYYYMMDD'));
    EXECUTE format('INSERT INTO minute_bars SELECT instrument_id, date_bin(''1 minute'', traded_at, ''epoch''),
      (min(ARRAY[sequence, ordinal, price]))[3], max(price), min(price),
      (max(ARRAY[sequence, ordinal, price]))[3], sum(quantity), sum(price::numeric * quantity), count(*)
      FROM %I GROUP BY 1, 2', leaf);
  END LOOP;
END
$$;
