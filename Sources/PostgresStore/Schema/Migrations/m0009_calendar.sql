-- Days that an operator has closed or shortened; all others follow the exchange's rules.
CREATE TABLE calendar_exceptions (
  day date PRIMARY KEY,
  close_minute smallint CHECK (close_minute > 570 AND close_minute <= 960),
  reason text NOT NULL,
  set_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN calendar_exceptions.close_minute IS 'minutes after midnight in New York; NULL: the day does not open';
