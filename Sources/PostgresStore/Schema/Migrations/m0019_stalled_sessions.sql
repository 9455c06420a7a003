-- Ends sessions whose client has stopped in the middle of a conversation while they hold locks.
--
-- No time-out of the server ends such a session in every case. Between two complete requests of a transaction
-- idle_in_transaction_session_timeout does. In the middle of a pipeline, whose last message has not come, a session counts
-- as active although it waits for its client, and keeps its locks for as long as the connection stands; so does one whose
-- client does not read what it is sent.
--
-- Meant are sessions of this database, named as the exchange's programs name theirs, of a role whose rights the owner of
-- this function has, that have waited for their client for as long as `patience` (at least a second) and hold what others
-- may wait for. A session that works does not wait for its client; one that only reads holds nothing. Two looks, half a
-- second apart, between which the session has received nothing: a moment's wait between two messages of a long pipeline is
-- not a stop. (`buttonwood migrate` alone holds a lock between its transactions, when it counts as idle.)
--
-- A row tells of a session that was ended, and how long nothing had come from its client. A row with `ended` false tells of
-- programs whose sessions cannot be judged, because their role has not been granted to the owner of this function.
CREATE FUNCTION end_stalled_sessions(patience interval)
RETURNS TABLE (pid integer, application text, role text, wait text, silent interval, ended boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  pids integer[];
  changes timestamptz[];
BEGIN
  FOR look IN 1 .. 2 LOOP
    PERFORM pg_stat_clear_snapshot();
    SELECT array_agg(a.pid), array_agg(a.state_change) INTO pids, changes
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
      AND a.application_name LIKE 'buttonwood-%'
      AND a.state_change < clock_timestamp() - greatest(patience, interval '1 second')
      AND a.wait_event IN ('ClientRead', 'ClientWrite')
      AND (a.state <> 'idle' OR a.application_name = 'buttonwood-migrate')
      AND pg_has_role(a.usesysid, 'USAGE')
      AND (look = 1 OR (a.pid, a.state_change) IN (SELECT k.p, k.c FROM unnest(pids, changes) AS k (p, c)))
      AND (a.state = 'active' AND a.wait_event = 'ClientRead' OR EXISTS (
        SELECT FROM pg_locks l
        WHERE l.pid = a.pid AND l.granted
          AND (l.locktype IN ('transactionid', 'advisory')
            OR l.locktype = 'relation' AND l.mode <> 'AccessShareLock')));
    EXIT WHEN pids IS NULL;
    IF look = 1 THEN
      -- One caller ends them; the others go on waiting.
      IF NOT pg_try_advisory_xact_lock(7361728) THEN
        pids := NULL;
        EXIT;
      END IF;
      PERFORM pg_sleep(0.5);
    END IF;
  END LOOP;
  RETURN QUERY
    SELECT a.pid, a.application_name, a.usename::text, a.wait_event, clock_timestamp() - a.state_change,
      pg_terminate_backend(a.pid)
    FROM pg_stat_activity a WHERE a.pid = ANY (pids);
  RETURN QUERY
    SELECT DISTINCT NULL::integer, a.application_name, a.usename::text, NULL::text, NULL::interval, false
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.application_name LIKE 'buttonwood-%'
      AND NOT pg_has_role(a.usesysid, 'USAGE');
END
$$;

-- Whoever may call it is told by the owner.
REVOKE ALL ON FUNCTION end_stalled_sessions(interval) FROM PUBLIC;
