-- Auctions in parts: where auctions stand that are being executed, as far as their logs have been processed, and what
-- their instruments have been told.
CREATE TABLE auction_parts (
  instrument_id integer PRIMARY KEY REFERENCES instruments,
  -- What is done next: the price is fixed (0), orders cross at it (1), what was for the auction only ends (2); NULL when no
  -- auction is being executed. Settling writes it and what follows, recovery reads it with the books.
  stage smallint CHECK (stage BETWEEN 0 AND 2),
  price bigint CHECK (price > 0),
  -- Orders take part whose place in the queue is older than this log row.
  before_sequence bigint,
  is_closing boolean,
  -- A close that came meanwhile.
  next_close bigint,
  reference_price bigint,
  -- About how many orders are left to trade or to end.
  orders_left bigint,
  changed_at timestamptz,
  -- The log row of the last part, processed or not. The leader writes it.
  told_sequence bigint NOT NULL DEFAULT 0,
  CHECK (stage IS NULL OR (before_sequence, is_closing, orders_left) IS NOT NULL),
  CHECK ((stage IS NOT DISTINCT FROM 1) = (price IS NOT NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX ON auction_parts (instrument_id) WHERE stage IS NOT NULL;

-- Where an instrument's auction stands now; without a stage it is over.
CREATE TYPE auction_update AS (
  instrument_id integer, stage smallint, price bigint, before_sequence bigint, is_closing boolean, next_close bigint,
  reference_price bigint, orders_left bigint);

-- What an instrument is told, with the place of its last row among those of the batch.
CREATE TYPE auction_telling AS (instrument_id integer, seen bigint, place bigint);
