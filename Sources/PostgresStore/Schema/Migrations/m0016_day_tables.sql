-- Days' tables are made beside their parent and attached to it, so that nobody who reads or writes waits: ATTACH PARTITION
-- takes SHARE UPDATE EXCLUSIVE on the parent, CREATE TABLE ... PARTITION OF would take ACCESS EXCLUSIVE, and everybody would
-- queue behind it for as long as anybody reads (a dump, an audit).
--
-- This step itself makes and replaces functions only: it locks no table.

-- The parents, in the order in which whoever locks several of them locks them; decision 0020 says why.
-- `settings` and `unique_key` are of the days' tables: a log's order, not its day, makes a row unique.
CREATE FUNCTION day_parents() RETURNS TABLE (place integer, parent text, settings text, unique_key text)
LANGUAGE sql IMMUTABLE AS $$
  VALUES
    (1, 'orders', 'WITH (fillfactor = 70)', NULL),
    (2, 'command_log', '', 'shard, sequence'),
    (3, 'trades', '', 'shard, sequence, ordinal'),
    (4, 'minute_bars', 'WITH (fillfactor = 50)', NULL),
    (5, 'order_events', '', 'shard, sequence, ordinal'),
    (6, 'quotes', '', 'instrument_id, quoted_at, sequence')
$$;

-- Which tables of days are there and whole: attached, and those of trades with what keeps the minutes' bars.
CREATE FUNCTION has_day_table(parent text, this date) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM pg_inherits i
    WHERE i.inhparent = to_regclass(parent) AND i.inhrelid = to_regclass(parent || '_' || to_char(this, 'YYYYMMDD')))
  AND (parent <> 'trades' OR EXISTS (
    SELECT FROM pg_trigger t
    WHERE t.tgrelid = to_regclass(parent || '_' || to_char(this, 'YYYYMMDD')) AND t.tgname = 'keep_minute_bars'))
$$;

-- Makes one table of one UTC day, or what it lacks; tells whether anything was to do. Acceptance and settling name days'
-- tables, so nothing of a table is seen before all of it is there.
--
-- One table a transaction: then no lock on a parent is held while another is waited for. Whatever is waited for is waited
-- for half a second; the caller comes again. Who makes tables waits for others who do, so that two do not meet.
CREATE FUNCTION make_day_table(parent text, this date) RETURNS boolean
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
  IF parent = 'trades' AND NOT EXISTS (
    SELECT FROM pg_trigger t WHERE t.tgrelid = to_regclass(leaf) AND t.tgname = 'keep_minute_bars') THEN
    EXECUTE format('CREATE TRIGGER keep_minute_bars AFTER INSERT ON %I REFERENCING NEW TABLE AS new_trades '
      'FOR EACH STATEMENT EXECUTE FUNCTION keep_minute_bars()', leaf);
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_inherits i WHERE i.inhparent = to_regclass(parent) AND i.inhrelid = to_regclass(leaf)) THEN
    -- The table is empty, so nothing is scanned; indexes that the parent has are made here.
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, leaf, low, high);
  END IF;
  RETURN true;
END
$$;

-- Tables that days lack. A day's come in the order in which they are made: first what settling needs, then what
-- acceptance needs, so that a day made in part accepts nothing that could not be settled.
CREATE FUNCTION missing_day_tables(first date, days integer) RETURNS TABLE (this date, parent text)
LANGUAGE sql STABLE AS $$
  SELECT first + n, d.parent FROM generate_series(0, days - 1) AS n CROSS JOIN day_parents() AS d
  WHERE NOT has_day_table(d.parent, first + n) ORDER BY n, d.place DESC
$$;

-- How many whole days from tomorrow on have all their tables, without a gap, at most `most`; -1 when today lacks one.
-- Days are UTC and the database's clock counts.
CREATE FUNCTION days_ahead(most integer) RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT min(m.this) - (now() AT TIME ZONE 'UTC')::date - 1
      FROM missing_day_tables((now() AT TIME ZONE 'UTC')::date, most + 1) AS m),
    most)
$$;

-- Programs of the version before call these. All tables of the days in one transaction, which therefore keeps to the order
-- of the parents.
CREATE OR REPLACE FUNCTION ensure_partitions(first date, days integer) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
  name text;
  made integer;
BEGIN
  -- Whoever finds all of it there waits for nobody.
  IF NOT EXISTS (SELECT FROM missing_day_tables(first, days)) THEN
    RETURN 0;
  END IF;
  PERFORM pg_advisory_xact_lock(7361724);
  SELECT count(DISTINCT m.this) INTO made FROM missing_day_tables(first, days) AS m;
  FOR name IN SELECT d.parent FROM day_parents() AS d ORDER BY d.place LOOP
    FOR n IN 0 .. days - 1 LOOP
      PERFORM make_day_table(name, first + n);
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

CREATE OR REPLACE FUNCTION ensure_market_day(this date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('trades_' || to_char(this, 'YYYYMMDD')) IS NOT NULL THEN
    PERFORM ensure_partitions(this, 1);
  END IF;
END
$$;

-- Whoever keeps the days need not own the tables; that is the schema's owner.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'make_day_table(text, date)', 'ensure_partitions(date, integer)', 'ensure_market_day(date)'] LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = %I, pg_temp', name, current_schema());
  END LOOP;
END
$$;
