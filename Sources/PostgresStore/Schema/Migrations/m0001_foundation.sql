-- The foundation: instruments and shards, accounts and their money, the command logs, orders, trades and events.
-- Money and prices are bigint in 1/10000 dollar, quantities bigint in shares, times timestamptz (microseconds).
-- Small enumerations are smallint with the raw values of the Market module.

-- Shards ---------------------------------------------------------------------------------------------------------------

-- Two counters a shard, in two tables, so that accepting and settling never wait for each other. Both rows change many
-- times a second: the low fillfactor lets every change stay on its page.
CREATE TABLE shard_logs (
  shard smallint PRIMARY KEY,
  last_sequence bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE shard_cursors (
  shard smallint PRIMARY KEY REFERENCES shard_logs,
  owner text,
  epoch bigint NOT NULL DEFAULT 0,
  nonce bigint NOT NULL DEFAULT 0,
  processed_sequence bigint NOT NULL DEFAULT 0,
  processed_at timestamptz NOT NULL DEFAULT 'epoch',
  claimed_at timestamptz
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE instruments (
  instrument_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asset_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  symbol text NOT NULL UNIQUE,
  name text NOT NULL,
  exchange text NOT NULL DEFAULT '',
  shard smallint NOT NULL REFERENCES shard_logs,
  tradable boolean NOT NULL DEFAULT true,
  halt_reason text,
  reference_price bigint CHECK (reference_price > 0),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE last_prices (
  instrument_id integer PRIMARY KEY,
  price bigint NOT NULL,
  traded_at timestamptz NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- Accounts -------------------------------------------------------------------------------------------------------------

CREATE TABLE accounts (
  account_id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100000001) PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE,
  name text NOT NULL,
  status smallint NOT NULL DEFAULT 0,
  cash bigint NOT NULL DEFAULT 0,
  held bigint NOT NULL DEFAULT 0,
  last_submitted timestamptz NOT NULL DEFAULT 'epoch',
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT accounts_never_overdrawn CHECK (held >= 0 AND cash >= held)
) WITH (fillfactor = 50);

CREATE TABLE positions (
  account_id bigint NOT NULL,
  instrument_id integer NOT NULL,
  quantity bigint NOT NULL,
  held bigint NOT NULL DEFAULT 0,
  cost bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, instrument_id),
  CONSTRAINT positions_never_oversold CHECK (held >= 0 AND quantity >= held)
) WITH (fillfactor = 50);

CREATE TABLE api_keys (
  key_id text PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);
CREATE INDEX api_keys_of_account ON api_keys (account_id);

-- Movements of money and shares from and to the outside: each journal's lines sum to zero per asset. Account -1 is the
-- house's cash account, -2 its securities account: what they owe is what accounts hold. Asset 0 is cash, others are
-- instruments. Trades are journals too; view `postings` derives their lines.
CREATE TABLE journals (
  journal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'grant', 'opening')),
  reference text UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE journal_lines (
  journal_id bigint NOT NULL REFERENCES journals,
  account_id bigint NOT NULL,
  asset integer NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (journal_id, account_id, asset)
);
CREATE INDEX journal_lines_of_account ON journal_lines (account_id, asset);

-- Orders ---------------------------------------------------------------------------------------------------------------

-- What a client's names for requests (client_order_id, Idempotency-Key) stand for. Kept for good: a client_order_id is
-- unique for ever. A digest instead of the text keeps the index small.
CREATE TABLE order_keys (
  account_id bigint NOT NULL,
  digest uuid NOT NULL,
  order_id uuid NOT NULL,
  fingerprint bigint,
  PRIMARY KEY (account_id, digest)
);

-- An order's identifier is time-ordered, so days are ranges of identifiers and (account_id, order_id) lists an account's
-- orders by submission. `is_open` changes once in an order's life; the partial index depends on nothing that a fill
-- changes, so fills stay on their page.
CREATE TABLE orders (
  account_id bigint NOT NULL,
  order_id uuid NOT NULL,
  instrument_id integer NOT NULL,
  shard smallint NOT NULL,
  side smallint NOT NULL,
  order_type smallint NOT NULL,
  time_in_force smallint NOT NULL,
  self_trade_prevention smallint NOT NULL,
  post_only boolean NOT NULL,
  is_open boolean NOT NULL,
  status smallint NOT NULL,
  pending smallint NOT NULL,
  sequence bigint NOT NULL,
  priority bigint NOT NULL,
  price bigint NOT NULL,
  quantity bigint NOT NULL,
  filled bigint NOT NULL,
  filled_value bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  closed_at timestamptz,
  replaces uuid,
  replaced_by uuid,
  client_order_id text NOT NULL,
  PRIMARY KEY (account_id, order_id)
) PARTITION BY RANGE (order_id);
CREATE INDEX orders_open ON orders (shard, account_id, instrument_id, side, price) WHERE is_open;

CREATE TABLE command_log (
  shard smallint NOT NULL,
  kind smallint NOT NULL,
  side smallint NOT NULL,
  order_type smallint NOT NULL,
  time_in_force smallint NOT NULL,
  self_trade_prevention smallint NOT NULL,
  post_only boolean NOT NULL,
  instrument_id integer NOT NULL,
  sequence bigint NOT NULL,
  account_id bigint NOT NULL,
  price bigint NOT NULL,
  quantity bigint NOT NULL,
  order_id uuid NOT NULL,
  accepted_at timestamptz NOT NULL,
  target uuid,
  target_sequence bigint,
  extra_hold bigint
) PARTITION BY RANGE (accepted_at);

CREATE TABLE trades (
  shard smallint NOT NULL,
  taker_side smallint NOT NULL,
  ordinal integer NOT NULL,
  sequence bigint NOT NULL,
  instrument_id integer NOT NULL,
  buy_order uuid NOT NULL,
  buyer bigint NOT NULL,
  sell_order uuid NOT NULL,
  seller bigint NOT NULL,
  price bigint NOT NULL,
  quantity bigint NOT NULL,
  traded_at timestamptz NOT NULL
) PARTITION BY RANGE (traded_at);

CREATE TABLE order_events (
  shard smallint NOT NULL,
  kind smallint NOT NULL,
  reason smallint NOT NULL,
  side smallint NOT NULL,
  ordinal integer NOT NULL,
  instrument_id integer NOT NULL,
  sequence bigint NOT NULL,
  account_id bigint NOT NULL,
  order_id uuid NOT NULL,
  price bigint NOT NULL,
  quantity bigint NOT NULL,
  filled bigint NOT NULL,
  leaves bigint NOT NULL,
  occurred_at timestamptz NOT NULL
) PARTITION BY RANGE (occurred_at);

-- Every movement of cash (asset 0) and shares as lines that sum to zero per journal.
CREATE VIEW postings AS
  SELECT 'journal' AS source, journal_id AS id, NULL::smallint AS shard, account_id, asset, amount FROM journal_lines
  UNION ALL
  SELECT 'trade', t.sequence, t.shard, l.account_id, l.asset, l.amount
  FROM trades t
  CROSS JOIN LATERAL (VALUES
    (t.buyer, 0, -t.price * t.quantity), (t.seller, 0, t.price * t.quantity),
    (t.buyer, t.instrument_id, t.quantity), (t.seller, t.instrument_id, -t.quantity)) AS l (account_id, asset, amount);

-- Days -----------------------------------------------------------------------------------------------------------------

-- The smallest time-ordered identifier (UUID version 7) of a moment.
CREATE FUNCTION lowest_order_id(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '70000000000000000000')::uuid
$$;

-- Makes the partitions of `days` UTC days from `first` on; those that exist stay as they are. Safe to call from anywhere
-- at any time. Unique indexes stand on the leaves, because a log's order, not its day, makes a row unique.
CREATE FUNCTION ensure_partitions(first date, days integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  this date;
  suffix text;
  low text;
  high text;
  made integer := 0;
BEGIN
  FOR offset_days IN 0 .. days - 1 LOOP
    this := first + offset_days;
    suffix := to_char(this, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('order_events_' || suffix) IS NOT NULL;
    PERFORM pg_advisory_xact_lock(7361724);
    CONTINUE WHEN to_regclass('order_events_' || suffix) IS NOT NULL;
    low := to_char(this, 'YYYY-MM-DD') || ' 00:00:00+00';
    high := to_char(this + 1, 'YYYY-MM-DD') || ' 00:00:00+00';
    EXECUTE format('CREATE TABLE orders_%s PARTITION OF orders FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 70)',
      suffix, lowest_order_id(low::timestamptz), lowest_order_id(high::timestamptz));
    EXECUTE format('CREATE TABLE command_log_%s PARTITION OF command_log FOR VALUES FROM (%L) TO (%L)', suffix, low, high);
    EXECUTE format('CREATE UNIQUE INDEX ON command_log_%s (shard, sequence)', suffix);
    EXECUTE format('CREATE TABLE trades_%s PARTITION OF trades FOR VALUES FROM (%L) TO (%L)', suffix, low, high);
    EXECUTE format('CREATE UNIQUE INDEX ON trades_%s (shard, sequence, ordinal)', suffix);
    EXECUTE format('CREATE TABLE order_events_%s PARTITION OF order_events FOR VALUES FROM (%L) TO (%L)', suffix, low, high);
    EXECUTE format('CREATE UNIQUE INDEX ON order_events_%s (shard, sequence, ordinal)', suffix);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

-- Settling -------------------------------------------------------------------------------------------------------------

CREATE TYPE shard_fence AS (shard smallint, epoch bigint, nonce bigint, from_sequence bigint, through_sequence bigint);
CREATE TYPE cash_change AS (account_id bigint, cash bigint, held bigint);
CREATE TYPE position_change AS (
  account_id bigint, instrument_id integer, bought bigint, cost bigint, sold bigint, held bigint);
CREATE TYPE order_change AS (
  account_id bigint, order_id uuid, status smallint, is_open boolean, clears_pending boolean, filled bigint,
  filled_value bigint, priority bigint, replaced_by uuid);
CREATE TYPE price_change AS (instrument_id integer, price bigint);
CREATE TYPE account_hold AS (account_id bigint, held bigint, last_submitted timestamptz);
CREATE TYPE position_hold AS (account_id bigint, instrument_id integer, held bigint);
CREATE TYPE pending_mark AS (account_id bigint, order_id uuid, pending smallint);

-- Moves the cursors of the shards (in ascending order), each only from where its owner says it stands; otherwise the whole
-- transaction fails with SQLSTATE BW001 and the shard in the message. The row locks order it against claims.
CREATE FUNCTION move_cursors(fences shard_fence[], moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  fence shard_fence;
BEGIN
  FOREACH fence IN ARRAY fences LOOP
    UPDATE shard_cursors c SET processed_sequence = fence.through_sequence, processed_at = moment
    WHERE c.shard = fence.shard AND c.epoch = fence.epoch AND c.nonce = fence.nonce
      AND c.processed_sequence = fence.from_sequence;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'BW001', MESSAGE = fence.shard::text;
    END IF;
  END LOOP;
END
$$;
