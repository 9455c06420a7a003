-- Who leads: one row, whose term moves with each election. What a leader writes compares it first.

CREATE TABLE leadership (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  term bigint NOT NULL DEFAULT 0,
  nonce bigint NOT NULL DEFAULT 0,
  worker text,
  elected_at timestamptz
);
INSERT INTO leadership DEFAULT VALUES;

-- Keeps a leader's transaction within its term: fails with SQLSTATE BW002 when another has been elected since. The row lock
-- orders it against elections.
CREATE FUNCTION hold_term(own_term bigint, own_nonce bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM leadership l WHERE l.term = own_term AND l.nonce = own_nonce FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'BW002', MESSAGE = 'the term has ended';
  END IF;
END
$$;
