-- Events of an account as a stream: each has a time of its own, by which a reader resumes, and the worth of what the order
-- had executed by then.
--
-- The times of an account strictly increase in the order in which its events are committed: they are given out under the
-- lock of the account's row. Who has read all events up to a time never finds an earlier one later. Rows from before have
-- none and belong to no stream.
--
-- All columns are added without a rewrite. Programs from before write rows of the old form and are refused until they are
-- replaced; their settlements wait and are not lost.

ALTER TABLE accounts ADD COLUMN last_event timestamptz NOT NULL DEFAULT 'epoch';

ALTER TABLE order_events ADD COLUMN filled_value bigint, ADD COLUMN event_at timestamptz;

-- On the parent, so that every day's table has it and gets it, whoever makes the table. Old rows are not in it.
CREATE INDEX order_events_of_account ON order_events (account_id, event_at) WHERE event_at IS NOT NULL;

-- How an account changes in a settlement; `events` of its orders are told.
CREATE TYPE account_change AS (account_id bigint, cash bigint, held bigint, events integer);
