-- Conditional orders: stops, trailing stops, and orders of a class (bracket, OCO, OTO). What they have beside the terms of a
-- plain order stands in tables of its own: nothing here changes a table or a row type that running programs use, plain
-- orders cost what they did, and no lock waits for a busy table. (Workers must be of this version before a gateway of this
-- version accepts such orders.)

-- Beside a row of `orders`: what it waits for, its class, and where it stands. `phase` 0 is in the book, 1 waits for its
-- stop, 2 waits for the entry of its class. `activation` orders those that entered the book by one command. `group_id` is
-- the first order at the head of the class; `leg` counts the orders that one log row placed. Exits (role 1 and 2) hold
-- together.
CREATE TABLE order_conditions (
  account_id bigint NOT NULL,
  order_id uuid NOT NULL,
  stop_price bigint,
  trail_amount bigint,
  trail_fraction bigint,
  mark_price bigint,
  collar bigint,
  order_class smallint NOT NULL,
  role smallint NOT NULL,
  group_id uuid,
  leg smallint NOT NULL,
  is_leg boolean NOT NULL,
  phase smallint NOT NULL,
  activation integer NOT NULL,
  PRIMARY KEY (account_id, order_id)
) WITH (fillfactor = 70);
CREATE INDEX order_conditions_of_group ON order_conditions (account_id, group_id) WHERE group_id IS NOT NULL;

-- Beside a row of `command_log`: the same as it was asked for, and the legs that the command brings along. A cancel or a
-- replacement of a leg says here which order of its target's row it means.
CREATE TABLE command_conditions (
  shard smallint NOT NULL,
  sequence bigint NOT NULL,
  stop_price bigint,
  trail_amount bigint,
  trail_fraction bigint,
  mark_price bigint,
  collar bigint,
  order_class smallint NOT NULL,
  profit_order uuid,
  profit_price bigint,
  loss_order uuid,
  loss_type smallint,
  loss_price bigint,
  loss_stop bigint,
  target_leg smallint NOT NULL,
  PRIMARY KEY (shard, sequence)
);

CREATE TYPE conditions_change AS (
  account_id bigint, order_id uuid, phase smallint, activation integer, stop_price bigint, mark_price bigint);
CREATE TYPE quantity_change AS (account_id bigint, order_id uuid, quantity bigint);
