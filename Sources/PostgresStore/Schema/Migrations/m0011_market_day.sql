-- The market day. Time comes as log rows; what they lead to is kept here.

-- How instruments trade, as far as their logs have been processed: settling writes it, recovery reads it with the books.
-- Without a row, or without a stage, an instrument always trades.
CREATE TABLE instrument_phases (
  instrument_id integer PRIMARY KEY REFERENCES instruments,
  day date,
  stage smallint,
  is_halted boolean NOT NULL,
  changed_at timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
CREATE TYPE phase_change AS (instrument_id integer, day integer, stage smallint, is_halted boolean);

-- What instruments have been told by log rows, processed or not: the leader writes it with the rows.
CREATE TABLE session_steps (
  instrument_id integer PRIMARY KEY REFERENCES instruments,
  day date NOT NULL,
  stage smallint NOT NULL,
  -- The last log row for it, of a step or of an expiry: who adds another names the one that he has seen, so that nothing
  -- is told twice. Then the row of the last close: what was placed by then expires.
  sequence bigint NOT NULL,
  closed_sequence bigint NOT NULL DEFAULT 0,
  -- Whether all that has seen that close is gone.
  is_cleared boolean NOT NULL DEFAULT true,
  told_at timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- What an instrument is told, with the places of rows among those of the batch instead of their sequences.
CREATE TYPE session_telling AS (
  instrument_id integer, seen bigint, day integer, stage smallint, place bigint, closed_place bigint);

-- Which clock the leader follows, and what it needs to remember that is not the calendar's: of a manual one where it is to
-- stand, of a simulated one the moment at which it was started, the market's time then, and how fast it runs.
CREATE TABLE market_clock (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  mode text CHECK (mode IN ('open', 'calendar', 'manual', 'simulated')),
  target_day date,
  target_stage smallint,
  started_at timestamptz,
  market_start timestamptz,
  speed integer CHECK (speed > 0),
  changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO market_clock DEFAULT VALUES;
