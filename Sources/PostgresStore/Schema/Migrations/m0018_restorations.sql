-- Two walls against a Redis that holds something else than what gateways and the leader wrote for this database.
--
-- A restored backup gives log numbers out a second time. The name of the database's history therefore tells one restoration
-- from the other: by a nonce, which "buttonwood restored" renews. There is one row.
CREATE TABLE ledger_restorations (
  restoration smallint PRIMARY KEY CHECK (restoration = 1),
  nonce bigint NOT NULL,
  restored_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO ledger_restorations (restoration, nonce)
VALUES (1, ('x' || left(encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex'), 16))::bit(64)::bigint);

-- The keys under which stream entries are signed. Publishers sign with the newest; owners believe all that are here. The server's
-- random generator makes them: two UUIDs have 244 random bits between them.
CREATE TABLE stream_keys (
  key_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  secret bytea NOT NULL DEFAULT sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
    CHECK (octet_length(secret) = 32),
  made_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO stream_keys DEFAULT VALUES;

-- As before, and never beyond the end of the log: a command that is carried out without standing in it is refused here at the
-- latest. Programs from before take the new error for a fault of the command and set it aside, as no log has it either.
CREATE OR REPLACE FUNCTION move_cursors(fences shard_fence[], moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  fence shard_fence;
  log_end bigint;
BEGIN
  FOREACH fence IN ARRAY fences LOOP
    UPDATE shard_cursors c SET processed_sequence = fence.through_sequence, processed_at = moment
    WHERE c.shard = fence.shard AND c.epoch = fence.epoch AND c.nonce = fence.nonce
      AND c.processed_sequence = fence.from_sequence
    RETURNING (SELECT l.last_sequence FROM shard_logs l WHERE l.shard = c.shard) INTO log_end;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'BW001', MESSAGE = fence.shard::text;
    ELSIF log_end IS NULL OR fence.through_sequence > log_end THEN
      RAISE EXCEPTION USING ERRCODE = 'BW003', MESSAGE = fence.shard::text;
    END IF;
  END LOOP;
END
$$;
