# shellcheck shell=bash
# Scripts/lib/fleet.sh: measures how long shards stand still when workers come, go, die and freeze. Sourced by Scripts/bench.
#
# Everything is read from what the exchange itself records. A take-over ends with a shard's first event under its new owner,
# so it includes the wait for a command; a hand-over's pause is from the old owner's last round to the new owner's first.
# Needs `dir`, the folder of a system.
# shellcheck disable=SC2154 # dir is its caller's

FLEET_WORKERS=${FLEET_WORKERS:-8}
FLEET_SHARDS=${FLEET_SHARDS:-256}
FLEET_INSTRUMENTS=${FLEET_INSTRUMENTS:-32}
FLEET_RATE=${FLEET_RATE:-1500}
FLEET_KILLS=${FLEET_KILLS:-12}

query() { psql "$DATABASE_URL" -XAtqc "$1"; }

# The worker's name in heartbeats and leases, by its process number: host-PID-random.
worker_name() { query "SELECT owner FROM shard_cursors WHERE owner LIKE '%-$1-%' LIMIT 1"; }

# p50, p99 and the greatest of the numbers on standard input, in milliseconds.
spread() {
  sort -n | jq -sc 'if length == 0 then null else {count: length, p50_ms: .[(length * 0.5 | floor)],
    p99_ms: .[([length * 0.99, length - 1] | min | floor)], max_ms: .[-1]} end'
}

# Milliseconds from a moment ($1) to the first settlement by a new owner of each shard that worker $2 had then and that has
# traded since.
takeovers() {
  query "SELECT round(extract(epoch FROM min(e.occurred_at) - '$1') * 1000)
    FROM order_events e JOIN shard_cursors c USING (shard)
    WHERE e.occurred_at > c.claimed_at AND c.claimed_at > '$1' AND e.shard = ANY ('{$2}') GROUP BY e.shard"
}

# The time in milliseconds between "handed over" and "claimed" of every hand-over since a moment ($1, seconds since 1970).
pauses() {
  cat "$dir"/log/worker-*.log | jq -R 'fromjson? | select(.message == "handed a shard over" or .message == "claimed a shard")' |
    jq -s --argjson since "$1" '
      map({shard, message, ms: ((.time[:19] + "Z" | fromdate) * 1000 + (.time[20:23] | tonumber))})
      | map(select(.ms >= $since * 1000)) | group_by(.shard) | map(
          (map(select(.message == "claimed a shard").ms)) as $claims
          # The old owner writes its line when Redis has answered; the new one may have been quicker.
          | .[] | select(.message == "handed a shard over").ms as $handed
          | [$claims[] | select(. >= $handed - 20)] | min | select(. != null) | [0, . - $handed] | max) | .[]'
}

shards_of() { query "SELECT string_agg(shard::text, ',') FROM shard_cursors WHERE owner = '$1'"; }

# A worker that runs: the lowest number.
some_worker() {
  local file
  for file in "$dir"/pids/worker-*; do
    if lives "$file"; then
      echo "${file##*/}"
      return
    fi
  done
}

# Waits until every shard is owned by a worker that lives, as far as leases tell.
await_calm() {
  local count
  for ((count = 0; count < 200; count++)); do
    [[ $("$(program buttonwood)" status --json | jq '[.shards[] | select(.state != "owned")] | length') -ne 0 ]] || break
    sleep 0.05
  done
  sleep 1
}

# Waits until no shard has changed hands for two seconds: shards that were moved may move on after their cool-down.
await_standstill() {
  local count before=0 now
  for ((count = 0; count < 30; count++)); do
    now=$(query 'SELECT sum(epoch) FROM shard_cursors')
    [[ $now -ne $before ]] || return 0
    before=$now
    sleep 2
  done
}

# Ends a worker with a signal and prints the take-over times; another is started in its place.
take_over() {
  local signal=$1 name pid moment shards
  name=$(some_worker)
  pid=$(cat "$dir/pids/$name")
  shards=$(shards_of "$(worker_name "$pid")")
  moment=$(database_moment)
  kill "-$signal" "$pid"
  sleep 3
  takeovers "$moment" "$shards"
  if [[ $signal == STOP ]]; then
    kill -CONT "$pid"
  else
    "$ROOT/Scripts/stack" add worker --dir "$dir" >/dev/null
  fi
  await_calm
}

# A new worker: how many shards it got, and how long after it began to work it had the last.
join() {
  local name
  name=$("$ROOT/Scripts/stack" add worker --dir "$dir")
  sleep 5
  jq -sc '
    def ms: (.time[:19] + "Z" | fromdate) * 1000 + (.time[20:23] | tonumber);
    (map(select(.message == "working"))[0] | ms) as $began
    | map(select(.message == "claimed a shard") | ms - $began) | {shards: length, last_claim_ms: max}' "$dir/log/$name.log"
}

# Instruments with traffic, one a shard.
add_fleet_instruments() {
  {
    echo "symbol,name,exchange,reference_price"
    for ((count = 0; count < FLEET_INSTRUMENTS; count++)); do
      printf 'FX%02d,Instrument %d,NASDAQ,100.00\n' "$count" "$count"
    done
  } >"$dir/instruments.csv"
  "$(program buttonwood)" instrument import "$dir/instruments.csv" >&2
}

fleet() {
  local lab=$1 count epochs moment load symbols
  "$ROOT/Scripts/stack" up --dir "$dir" --workers "$FLEET_WORKERS" --shards "$FLEET_SHARDS"
  load_env "$dir"
  add_instruments
  add_fleet_instruments
  open_traders "$dir/traders.jsonl" 40
  symbols=$(query "SELECT string_agg(symbol, ',') FROM instruments WHERE symbol LIKE 'F%'")
  "$lab" bench system --keys "$dir/traders.jsonl" --symbols "$symbols" --rate "$FLEET_RATE" --duration 600s >"$dir/load" 2>&1 &
  load=$!
  sleep 5
  local killed frozen handed joined wiped
  killed=$(for ((count = 0; count < FLEET_KILLS; count++)); do take_over KILL; done | spread)
  frozen=$(for ((count = 0; count < 3; count++)); do take_over STOP; done | spread)
  moment=$(date +%s)
  for ((count = 0; count < 4; count++)); do
    kill -TERM "$(cat "$dir/pids/$(some_worker)")"
    sleep 2
    "$ROOT/Scripts/stack" add worker --dir "$dir" >/dev/null
    await_calm
  done
  handed=$(pauses "$moment" | spread)
  joined=$(join)
  await_standstill
  epochs=$(query 'SELECT sum(epoch) FROM shard_cursors')
  moment=$(database_moment)
  redis-cli -u "$REDIS_URL" FLUSHALL >/dev/null
  sleep 4
  wiped=$(query "SELECT round(max(extract(epoch FROM pause)) * 1000) FROM (
    SELECT occurred_at - lag(occurred_at) OVER (ORDER BY occurred_at) AS pause FROM order_events
    WHERE occurred_at > timestamptz '$moment' - interval '100 ms') AS spans")
  epochs=$(($(query 'SELECT sum(epoch) FROM shard_cursors') - epochs))
  kill "$load" 2>/dev/null || true
  wait "$load" 2>/dev/null || true
  jq -n --argjson killed "$killed" --argjson frozen "$frozen" --argjson handed "$handed" --argjson joined "$joined" \
    --argjson wiped "${wiped:-null}" --argjson epochs "$epochs" \
    '{take_over_after_kill: $killed, take_over_after_freeze: $frozen, pause_of_planned_hand_over: $handed,
      rebalance_after_join: $joined, longest_pause_after_flushall_ms: $wiped, epochs_raised_by_flushall: $epochs}'
}
