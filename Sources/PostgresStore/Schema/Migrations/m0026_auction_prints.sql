-- What auctions have traded: settling writes a row for each command that crossed orders in one, with its trades. Trades say
-- neither of which auction they are nor that they are of one. Auctions before this step, and those that workers of an earlier
-- version carry out, leave no row.
CREATE TABLE auction_prints (
  instrument_id integer NOT NULL,
  traded_at timestamptz NOT NULL,
  sequence bigint NOT NULL,
  -- The trading day; of an instrument that knows no sessions, New York's.
  day date NOT NULL,
  is_closing boolean NOT NULL,
  price bigint NOT NULL,
  quantity bigint NOT NULL
);
CREATE INDEX auction_prints_of_instrument ON auction_prints (instrument_id, traded_at);

-- A row of it; the day in days since 1970.
CREATE TYPE auction_print AS (
  instrument_id integer, sequence bigint, day integer, is_closing boolean, price bigint, quantity bigint);
