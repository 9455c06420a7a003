-- What shares cost follows from the order of executions alone, exactly; what moves money and shares has its account's time;
-- and how long a limit state lasts is told command by command. Decision 0031 tells why.
--
-- Columns are added without a rewrite. Programs of the version before go on: they send the types that they know, and what
-- they leave of a position's cost is taken over as it stands.

-- A lot is what was bought since the average last changed: what it cost, in 10⁻¹² dollar, whole, and its shares, of which
-- `quantity` are left. Sales leave it as it is. NULL: nothing is known but `cost` and `quantity`.
--
-- `lot_changes` moves with every change that knows of lots. The base is how the position stood when it was first changed so,
-- or was last empty, and the time of its account just before: what came later, the audit counts up again.
ALTER TABLE positions
  ADD COLUMN lot_cost numeric,
  ADD COLUMN lot_shares bigint,
  ADD COLUMN lot_changes bigint NOT NULL DEFAULT 0,
  ADD COLUMN base_cost bigint,
  ADD COLUMN base_shares bigint,
  ADD COLUMN base_at timestamptz;

-- What granted shares cost together. NULL: by a program that did not tell.
ALTER TABLE journal_lines ADD COLUMN cost bigint;

-- Whether `created_at` was taken under the lock of the account's row, behind all that had happened in the account.
ALTER TABLE journals ADD COLUMN is_ordered boolean NOT NULL DEFAULT false;

CREATE TYPE position_lot AS (quantity bigint, cost bigint, lot_cost numeric, lot_shares bigint);

-- How a position changes in a settlement. `runs` are its executions in order, two numbers each: shares bought and what they
-- cost together; or, below zero, shares sold and nothing. `events` are those of all its account's orders in the settlement.
CREATE TYPE position_update AS (
  account_id bigint, instrument_id integer, held bigint, events integer, runs bigint[]);

-- A quotient without fraction, rounded half to even; of numbers that are not below zero.
CREATE FUNCTION divide_evenly(dividend numeric, divisor numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  whole numeric := div(dividend, divisor);
  twice numeric := 2 * (dividend - whole * divisor);
BEGIN
  IF twice > divisor OR (twice = divisor AND whole % 2 <> 0) THEN
    RETURN whole + 1;
  END IF;
  RETURN whole;
END
$$;

-- A position after executions. A purchase makes a new lot of what is left and what is bought; a sale takes shares and leaves
-- the lot as it is.
CREATE FUNCTION change_lot(lot_cost numeric, lot_shares bigint, quantity bigint, cost bigint, runs bigint[])
RETURNS position_lot LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  place integer := 1;
BEGIN
  IF lot_shares IS NULL OR lot_shares < quantity THEN
    lot_cost := cost::numeric * 100000000;
    lot_shares := quantity;
  END IF;
  WHILE place < cardinality(runs) LOOP
    IF runs[place] < 0 THEN
      quantity := quantity + runs[place];
      IF quantity = 0 THEN
        lot_cost := 0;
        lot_shares := 0;
      END IF;
    ELSE
      IF quantity <> lot_shares THEN
        lot_cost := divide_evenly(lot_cost * quantity, lot_shares);
        lot_shares := quantity;
      END IF;
      lot_cost := lot_cost + runs[place + 1]::numeric * 100000000;
      lot_shares := lot_shares + runs[place];
      quantity := quantity + runs[place];
    END IF;
    place := place + 2;
  END LOOP;
  cost := CASE WHEN lot_shares > 0 THEN divide_evenly(lot_cost * quantity, lot_shares::numeric * 100000000) ELSE 0 END;
  RETURN ROW(quantity, cost, lot_cost, lot_shares)::position_lot;
END
$$;

-- A program of the version before has changed a position, whose lot it does not know. It holds the account's row, as all do
-- that settle or grant; what other hands change is left for the audit to find.
CREATE FUNCTION forget_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE positions p SET lot_cost = NULL, lot_shares = NULL, lot_changes = p.lot_changes + 1,
    base_cost = NULL, base_shares = NULL, base_at = NULL
  WHERE p.account_id = new.account_id AND p.instrument_id = new.instrument_id AND EXISTS (
    SELECT FROM accounts a
    WHERE a.account_id = new.account_id AND pg_current_xact_id()::xid IN (a.xmin, a.xmax));
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_lot AFTER UPDATE OF quantity, cost ON positions FOR EACH ROW
WHEN (old.lot_shares IS NOT NULL AND old.lot_changes = new.lot_changes
  AND (old.quantity, old.cost) IS DISTINCT FROM (new.quantity, new.cost))
EXECUTE FUNCTION forget_lot();

-- As `phase_update`; `begins_limit` says whether the limit state began in this settlement, though the one before it stood at
-- the same end of the band.
CREATE TYPE phase_report AS (
  instrument_id integer, day integer, stage smallint, is_halted boolean,
  band_reference bigint, band_previous_close bigint, band_tier smallint, band_is_near_close boolean,
  band_lower bigint, band_upper bigint, limit_edge smallint, begins_limit boolean);
