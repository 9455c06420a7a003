-- Age costs nothing: what is open, and on which days an account has anything, is found without looking at every day's tables.
-- Decision 0019 tells why.
--
-- Both are kept by triggers on the days' tables: whoever writes orders and events, a program of the version before too, keeps
-- them in the same transaction.

-- One row an open order, whatever its day: its key says where the row of `orders` is, for an identifier names its day.
-- `time_in_force` and `sequence` are what expiry and recovery choose by; with `order_type` they say what an order may meet. Rows come and go: vacuum looks often.
CREATE TABLE open_orders (
  shard smallint NOT NULL,
  side smallint NOT NULL,
  instrument_id integer NOT NULL,
  account_id bigint NOT NULL,
  price bigint NOT NULL,
  order_id uuid NOT NULL,
  sequence bigint NOT NULL,
  time_in_force smallint NOT NULL,
  order_type smallint NOT NULL,
  PRIMARY KEY (shard, account_id, instrument_id, side, price, order_id)
) WITH (autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_scale_factor = 0.05);

-- The days (UTC) on which an account has orders or events: which tables hold its history.
CREATE TABLE account_days (
  account_id bigint NOT NULL,
  day date NOT NULL,
  PRIMARY KEY (account_id, day)
);

-- The day in whose table an order's row is.
CREATE FUNCTION order_day(order_id uuid) RETURNS date LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT date '1970-01-01'
    + (('x' || left(order_id::text, 8) || substr(order_id::text, 10, 4))::bit(48)::bigint / 86400000)::integer
$$;

-- The day that a table is of, by its name; NULL for the table of all days.
CREATE FUNCTION table_day(name text) RETURNS date LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT CASE WHEN name ~ '_[0-9]{8}$' THEN to_date(right(name, 8), 'YYYYMMDD') END
$$;

-- Orders are open when they are accepted.
CREATE FUNCTION keep_new_orders() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  -- Once a statement, and not for each row.
  this date := table_day(TG_TABLE_NAME);
BEGIN
  INSERT INTO open_orders (shard, side, instrument_id, account_id, price, order_id, sequence, time_in_force, order_type)
  SELECT n.shard, n.side, n.instrument_id, n.account_id, n.price, n.order_id, n.sequence, n.time_in_force, n.order_type
  FROM new_orders n WHERE n.is_open;
  INSERT INTO account_days (account_id, day)
  SELECT k.account_id, k.day
  FROM (SELECT DISTINCT n.account_id, coalesce(this, order_day(n.order_id)) AS day FROM new_orders n ORDER BY 1, 2) AS k
  WHERE NOT EXISTS (SELECT FROM account_days d WHERE d.account_id = k.account_id AND d.day = k.day OFFSET 0)
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;

-- A closed order never opens again. Acceptance changes orders too, and never closes one: it needs no right to delete.
CREATE FUNCTION keep_closed_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM new_orders n WHERE NOT n.is_open) THEN
    DELETE FROM open_orders o USING new_orders n
    WHERE NOT n.is_open AND o.shard = ANY (ARRAY[n.shard]) AND o.account_id = n.account_id
      AND o.instrument_id = n.instrument_id AND o.side = n.side AND o.price = n.price AND o.order_id = n.order_id;
  END IF;
  RETURN NULL;
END
$$;

-- What comes out of quarantine has another place in the log.
CREATE FUNCTION keep_moved_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE open_orders o SET sequence = new.sequence
  WHERE o.shard = new.shard AND o.account_id = new.account_id AND o.instrument_id = new.instrument_id
    AND o.side = new.side AND o.price = new.price AND o.order_id = new.order_id;
  RETURN NULL;
END
$$;

CREATE FUNCTION keep_account_days() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  this date := table_day(TG_TABLE_NAME);
BEGIN
  INSERT INTO account_days (account_id, day)
  SELECT k.account_id, k.day
  FROM (
    SELECT DISTINCT n.account_id, coalesce(this, (n.occurred_at AT TIME ZONE 'UTC')::date) AS day
    FROM new_events n ORDER BY 1, 2) AS k
  WHERE NOT EXISTS (SELECT FROM account_days d WHERE d.account_id = k.account_id AND d.day = k.day OFFSET 0)
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;

-- The triggers of days' tables for whole statements. Each fires for statements that name its own table only.
CREATE FUNCTION day_triggers() RETURNS TABLE (parent text, name text, event text, new_rows text)
LANGUAGE sql IMMUTABLE AS $$
  VALUES
    ('trades', 'keep_minute_bars', 'INSERT', 'new_trades'),
    ('orders', 'keep_new_orders', 'INSERT', 'new_orders'),
    ('orders', 'keep_closed_orders', 'UPDATE', 'new_orders'),
    ('order_events', 'keep_account_days', 'INSERT', 'new_events')
$$;

CREATE FUNCTION missing_day_triggers(parent text, leaf text)
RETURNS TABLE (name text, event text, new_rows text) LANGUAGE sql STABLE AS $$
  SELECT d.name, d.event, d.new_rows FROM day_triggers() d
  WHERE d.parent = missing_day_triggers.parent AND NOT EXISTS (
    SELECT FROM pg_trigger t WHERE t.tgrelid = to_regclass(leaf) AND t.tgname = d.name)
$$;

CREATE FUNCTION make_day_triggers(parent text, leaf text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  missing record;
BEGIN
  FOR missing IN SELECT * FROM missing_day_triggers(parent, leaf) LOOP
    EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I REFERENCING NEW TABLE AS %I FOR EACH STATEMENT EXECUTE FUNCTION %I()',
      missing.name, missing.event, leaf, missing.new_rows, missing.name);
  END LOOP;
END
$$;

-- Which tables of days are there and whole: attached, and with their triggers.
CREATE OR REPLACE FUNCTION has_day_table(parent text, this date) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM pg_inherits i
    WHERE i.inhparent = to_regclass(parent) AND i.inhrelid = to_regclass(parent || '_' || to_char(this, 'YYYYMMDD')))
  AND NOT EXISTS (SELECT FROM missing_day_triggers(parent, parent || '_' || to_char(this, 'YYYYMMDD')))
$$;

-- As before; the triggers are those of ``day_triggers()``.
CREATE OR REPLACE FUNCTION make_day_table(parent text, this date) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
  suffix text := to_char(this, 'YYYYMMDD');
  leaf text := parent || '_' || suffix;
  low text := to_char(this, 'YYYY-MM-DD') || ' 00:00:00+00';
  high text := to_char(this + 1, 'YYYY-MM-DD') || ' 00:00:00+00';
  settings text;
  unique_key text;
  granted record;
BEGIN
  IF has_day_table(parent, this) THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(7361724);
  IF has_day_table(parent, this) THEN
    RETURN false;
  END IF;
  SELECT d.settings, d.unique_key INTO STRICT settings, unique_key
  FROM day_parents() d WHERE d.parent = make_day_table.parent;
  IF parent = 'orders' THEN
    low := lowest_order_id(low::timestamptz);
    high := lowest_order_id(high::timestamptz);
  END IF;
  IF to_regclass(leaf) IS NULL THEN
    EXECUTE format(
      'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS INCLUDING STORAGE '
      'INCLUDING COMPRESSION) %s', leaf, parent, settings);
    IF unique_key IS NOT NULL THEN
      EXECUTE format('CREATE UNIQUE INDEX ON %I (%s)', leaf, unique_key);
    END IF;
    -- Who may use the whole may use its days, which statements name.
    FOR granted IN
      SELECT a.privilege_type, '' AS columns, a.grantee FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
      WHERE c.oid = to_regclass(parent) AND a.grantee <> c.relowner
      UNION ALL
      SELECT a.privilege_type, format('(%I)', t.attname), a.grantee
      FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) a WHERE t.attrelid = to_regclass(parent)
    LOOP
      EXECUTE format('GRANT %s %s ON %I TO %s', granted.privilege_type, granted.columns, leaf,
        CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee)) END);
    END LOOP;
  END IF;
  PERFORM make_day_triggers(parent, leaf);
  IF NOT EXISTS (
    SELECT FROM pg_inherits i WHERE i.inhparent = to_regclass(parent) AND i.inhrelid = to_regclass(leaf)) THEN
    -- The table is empty, so nothing is scanned; indexes that the parent has are made here.
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, leaf, low, high);
  END IF;
  RETURN true;
END
$$;

-- Adds the days on which accounts have something in a day's table, by jumps over an index that begins with the account.
CREATE FUNCTION note_account_days(leaf text, condition text, this date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format(
    'WITH RECURSIVE a (id) AS (
       (SELECT account_id FROM %1$I WHERE %2$s ORDER BY account_id LIMIT 1)
       UNION ALL
       SELECT (SELECT t.account_id FROM %1$I t WHERE %2$s AND t.account_id > a.id ORDER BY t.account_id LIMIT 1)
       FROM a WHERE a.id IS NOT NULL)
     INSERT INTO account_days SELECT id, $1 FROM a WHERE id IS NOT NULL ON CONFLICT DO NOTHING', leaf, condition)
  USING this;
END
$$;

-- The days that are over get nothing new: they are looked at before anything is locked. Then whoever writes orders or events
-- waits until this has ended: for as long as the open orders and the last days' accounts take.
DO $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  is_recent boolean;
  leaf record;
BEGIN
  -- Not by statistics, which new tables lack.
  SET LOCAL enable_seqscan = off;
  FOREACH is_recent IN ARRAY ARRAY[false, true] LOOP
    IF is_recent THEN
      FOR leaf IN
        SELECT d.parent, l.name FROM (VALUES (1, 'orders'), (2, 'order_events')) AS d (place, parent)
        CROSS JOIN LATERAL (
          SELECT 0 AS depth, d.parent AS name
          UNION ALL
          SELECT 1, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = to_regclass(d.parent)) AS l
        ORDER BY d.place, l.depth, l.name
      LOOP
        PERFORM make_day_triggers(leaf.parent, leaf.name);
      END LOOP;
      -- The days' tables get it from here, those that are still to come too.
      CREATE TRIGGER keep_moved_order AFTER UPDATE OF sequence ON orders
        FOR EACH ROW WHEN (old.sequence <> new.sequence) EXECUTE FUNCTION keep_moved_order();
    END IF;
    FOR leaf IN
      SELECT d.condition, c.relname AS name, to_date(right(c.relname, 8), 'YYYYMMDD') AS day
      FROM (VALUES ('orders', 'true'), ('order_events', 'event_at IS NOT NULL')) AS d (parent, condition)
      JOIN pg_inherits i ON i.inhparent = to_regclass(d.parent) JOIN pg_class c ON c.oid = i.inhrelid
      WHERE c.relname ~ '_[0-9]{8}$'
    LOOP
      CONTINUE WHEN (leaf.day >= today - 2) <> is_recent;
      PERFORM note_account_days(leaf.name, leaf.condition, leaf.day);
    END LOOP;
  END LOOP;
  INSERT INTO open_orders (shard, side, instrument_id, account_id, price, order_id, sequence, time_in_force, order_type)
  SELECT shard, side, instrument_id, account_id, price, order_id, sequence, time_in_force, order_type FROM orders WHERE is_open;
END
$$;
DROP FUNCTION note_account_days(text, text, date);

-- Programs of the version before find open orders by an index of every day's table. Nobody else needs it: it goes a day after
-- this step, by when they have been replaced; at once where nothing has ever been ordered. Tells whether it is gone.
CREATE FUNCTION drop_orders_open() RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
BEGIN
  IF to_regclass('orders_open') IS NULL THEN
    RETURN true;
  END IF;
  IF NOT EXISTS (
    SELECT FROM schema_migrations WHERE version = 23 AND applied_at < now() - interval '1 day')
    AND EXISTS (SELECT FROM account_days) THEN
    RETURN false;
  END IF;
  DROP INDEX orders_open;
  RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  -- The caller comes again.
  RETURN false;
END
$$;
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION drop_orders_open() SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
  PERFORM drop_orders_open();
END
$$;
