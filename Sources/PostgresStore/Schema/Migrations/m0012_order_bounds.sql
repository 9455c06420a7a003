-- What single orders may be at most: of an account, of an instrument, or of an account in an instrument. 0 means any.
CREATE TABLE order_bounds (
  account_id bigint NOT NULL DEFAULT 0,
  instrument_id integer NOT NULL DEFAULT 0,
  max_quantity bigint CHECK (max_quantity > 0),
  max_notional bigint CHECK (max_notional > 0),
  collar integer CHECK (collar BETWEEN 1 AND 10000),
  set_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, instrument_id),
  CHECK (account_id <> 0 OR instrument_id <> 0),
  CHECK (collar IS NULL OR instrument_id <> 0)
);
COMMENT ON COLUMN order_bounds.collar IS '1/10000 of the last price';
