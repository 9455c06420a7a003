-- What holders and operators set about accounts: configurations, roles and limits of keys, watchlists, and the log of what
-- operators did. Columns are added with constant defaults: no table is rewritten.

-- `suspended`: the holder wants no new orders. `keys_version` moves with every change of the account's keys; who hands in a
-- request under an older one is asked to prove itself again, under the lock by which acceptance takes the account.
ALTER TABLE accounts
  ADD COLUMN suspended boolean NOT NULL DEFAULT false,
  ADD COLUMN keys_version bigint NOT NULL DEFAULT 0,
  ADD COLUMN block_reason text;

ALTER TABLE api_keys
  ADD COLUMN role text NOT NULL DEFAULT 'trading' CHECK (role IN ('trading', 'read-only')),
  ADD COLUMN requests_per_minute integer CHECK (requests_per_minute > 0);

-- What a holder may choose and what has an effect or is kept for clients. An account without a row has the defaults.
CREATE TABLE account_configurations (
  account_id bigint PRIMARY KEY REFERENCES accounts,
  day_trade_check text NOT NULL,
  pattern_day_trader_check text NOT NULL,
  confirms_trades text NOT NULL,
  no_exception_entry boolean NOT NULL
);

CREATE TABLE watchlists (
  watchlist_id uuid PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  name text NOT NULL,
  instruments integer[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (account_id, name)
);

-- What operators did, written in the transaction that does it; a refusal is written alone, for nothing else is.
CREATE TABLE admin_log (
  entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  action_id uuid NOT NULL UNIQUE,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  arguments jsonb NOT NULL,
  outcome text NOT NULL
);
CREATE INDEX admin_log_by_time ON admin_log (at);

-- Gateways listen: a payload is the key that changed.
CREATE FUNCTION tell_key_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts SET keys_version = keys_version + 1 WHERE account_id = new.account_id;
  PERFORM pg_notify('buttonwood_keys', new.key_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_key_change AFTER UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION tell_key_change();
