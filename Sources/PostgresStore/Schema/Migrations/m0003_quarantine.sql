-- Quarantine: commands that could not be carried out, set aside so that their shard goes on, and what is known against a
-- shard's next command. Tables of their own: nothing here changes a table or a row type that running programs use, and no
-- lock waits for a busy table.

-- A command in quarantine stays what it was when it was accepted: its order, if it places one, is open, with its hold, and
-- in no book. `resolved_sequence` is the log row by which an operator had it carried out again or refused.
CREATE TABLE quarantined_commands (
  shard smallint NOT NULL,
  sequence bigint NOT NULL,
  quarantined_at timestamptz NOT NULL,
  reason text NOT NULL,
  tries integer NOT NULL,
  worker text,
  epoch bigint NOT NULL,
  resolved_at timestamptz,
  resolution text CHECK (resolution IN ('retried', 'refused')),
  resolved_sequence bigint,
  note text,
  PRIMARY KEY (shard, sequence),
  CHECK (num_nulls(resolved_at, resolution, resolved_sequence) IN (0, 3)),
  CHECK (resolved_sequence > sequence)
);
CREATE INDEX quarantined_commands_unresolved ON quarantined_commands (shard, sequence) WHERE resolved_at IS NULL;

-- One row a shard: `claims` in a row that found it at `sequence` with work to do, and `tries` of that command alone that
-- did not end in an orderly way. It speaks of the shard's next command only while `sequence` is that: settling leaves it
-- alone, so that it costs the ordinary way of a command nothing.
CREATE TABLE shard_suspicions (
  shard smallint PRIMARY KEY,
  sequence bigint NOT NULL,
  claims integer NOT NULL,
  tries integer NOT NULL,
  reason text
) WITH (fillfactor = 50);
