-- Price bands: how wide an operator wants them, the band within which an instrument trades, what the leader needs to
-- remember, and trading pauses.

ALTER TABLE instruments ADD COLUMN band_tier smallint CHECK (band_tier IN (1, 2));
-- When the pause ends that a limit state has led to; nothing during a halt by an operator.
ALTER TABLE instruments ADD COLUMN paused_until timestamptz;

-- What the band follows from, its ends, and when the reference price came about. Settling writes it.
ALTER TABLE instrument_phases
  ADD COLUMN band_reference bigint,
  ADD COLUMN band_previous_close bigint,
  ADD COLUMN band_tier smallint,
  ADD COLUMN band_is_near_close boolean,
  ADD COLUMN band_lower bigint,
  ADD COLUMN band_upper bigint,
  ADD COLUMN band_since timestamptz,
  -- The end of the band that the best price has come to, limit down (0) or limit up (1), and since when.
  ADD COLUMN limit_edge smallint CHECK (limit_edge IN (0, 1)),
  ADD COLUMN limit_since timestamptz;

-- Workers of the version before go on sending phase_change.
CREATE TYPE phase_update AS (
  instrument_id integer, day integer, stage smallint, is_halted boolean,
  band_reference bigint, band_previous_close bigint, band_tier smallint, band_is_near_close boolean,
  band_lower bigint, band_upper bigint, limit_edge smallint);

-- What instruments have been told of their bands by log rows, processed or not. The leader writes it.
CREATE TABLE band_states (
  instrument_id integer PRIMARY KEY REFERENCES instruments,
  -- The last log row of its bands, and for which day it was told.
  sequence bigint NOT NULL,
  day date NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- What an instrument is told, with the place of its row among those of the batch.
CREATE TYPE band_telling AS (instrument_id integer, seen bigint, day integer, place bigint);
