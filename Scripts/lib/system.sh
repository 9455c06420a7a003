# shellcheck shell=bash
# A whole system in a folder: DIR/env (addresses and token), DIR/pids, DIR/urls, DIR/log.
# shellcheck source-path=SCRIPTDIR
source "${BASH_SOURCE[0]%/*}/common.sh"
source "${BASH_SOURCE[0]%/*}/ports.sh"
source "${BASH_SOURCE[0]%/*}/servers.sh"

READY_LIMIT=30 # seconds until a role must be ready
DRAIN_LIMIT=25 # seconds that a role has to stop

# Whether the process named by a pid file lives and is what the file says (a number may have gone to somebody else).
lives() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [[ -n $pid && -r /proc/$pid/cmdline ]] || return 1
  { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qE 'buttonwood|redis-server|postgres'
}

make_folders() {
  mkdir -p "$1/pids" "$1/log" "$1/urls"
}

load_env() {
  [[ -f $1/env ]] || fail "$1 holds no system (no $1/env)"
  set -a
  # shellcheck disable=SC1091
  source "$1/env"
  set +a
}

# Writes DIR/env from the variables of the same names; readable by its owner alone, for the token's sake.
write_env() {
  local name
  (
    umask 077
    for name in BUTTONWOOD_GATEWAY_URL BUTTONWOOD_STREAM_URL BUTTONWOOD_ADMIN_URL BUTTONWOOD_ADMIN_TOKEN \
      BUTTONWOOD_MARKET_CLOCK DATABASE_URL REDIS_URL; do
      printf '%s=%q\n' "$name" "${!name}"
    done >"$1/env.new"
    mv "$1/env.new" "$1/env"
  )
}

# The next free number of a role in DIR.
next_number() {
  local number=1
  while [[ -e $1/pids/$2-$number ]]; do number=$((number + 1)); done
  printf '%s' "$number"
}

# Where a role of a system with a PostgreSQL of its own connects to: as the database's role for it, which may do no more than
# it needs. A database that was given is used as it was given.
role_database_url() {
  local dir=$1 role=$2
  if [[ -f $dir/pids/postgres ]]; then
    printf '%s' "${DATABASE_URL/:\/\/buttonwood@/:\/\/buttonwood_$role@}"
  else
    printf '%s' "$DATABASE_URL"
  fi
}

# Starts a role in the background. `start_role DIR ROLE NUMBER ADMIN_PORT [FLAG…]`
start_role() {
  local dir=$1 role=$2 number=$3 admin=$4 binary
  shift 4
  binary=$(program buttonwood)
  DATABASE_URL=$(role_database_url "$dir" "$role") setsid "$binary" "$role" --admin-listen "127.0.0.1:$admin" "$@" </dev/null >>"$dir/log/$role-$number.log" 2>&1 &
  echo $! >"$dir/pids/$role-$number"
  echo "http://127.0.0.1:$admin" >"$dir/urls/$role-$number.admin"
}

answers_ready() { curl -fsS -m 2 -o /dev/null "$1/readyz" 2>/dev/null; }

# Waits until a started role says that it is ready.
await_role() {
  local dir=$1 name=$2
  await "$READY_LIMIT" "$(cat "$dir/pids/$name")" answers_ready "$(cat "$dir/urls/$name.admin")" && return
  show_tail "$dir/log/$name.log"
  fail "$name is not ready"
}

# Whether every shard has been claimed since MOMENT (by the database's clock).
every_shard_is_owned() {
  [[ $(psql "$DATABASE_URL" -XAtc "SELECT count(*) > 0 AND bool_and(owner IS NOT NULL AND claimed_at >= '$1')
    FROM shard_cursors" 2>/dev/null) == t ]]
}

database_moment() { psql "$DATABASE_URL" -XAtc 'SELECT clock_timestamp()'; }

await_shards() {
  await "$READY_LIMIT" "" every_shard_is_owned "$2" && return
  local log
  for log in "$1"/log/worker-*.log; do show_tail "$log" 8; done
  fail "some shards have no owner"
}

migrate() {
  local dir=$1
  shift
  [[ ! -f $dir/pids/postgres ]] || set -- --roles "$@"
  "$(program buttonwood)" migrate "$@" >>"$dir/log/migrate.log" 2>&1 ||
    { show_tail "$dir/log/migrate.log"; fail "the schema could not be brought up to date"; }
}

# Asks the processes of some pid files to stop, together; kills what is still there after the limit.
stop_processes() {
  local file pid
  local -a waiting=()
  for file in "$@"; do
    [[ -f $file ]] || continue
    if lives "$file"; then
      kill -TERM "$(cat "$file")" 2>/dev/null || true
      waiting+=("$file")
    else
      rm -f "$file"
    fi
  done
  for file in "${waiting[@]}"; do
    if ! await "$DRAIN_LIMIT" "" is_gone "$file"; then
      pid=$(cat "$file")
      say "${file##*/} (process $pid) did not stop within $DRAIN_LIMIT s: killed"
      kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$file"
  done
}

is_gone() { ! lives "$1"; }

# Stops everything in DIR, the door first and the stores last.
stop_system() {
  local dir=$1
  [[ -d $dir/pids ]] || return 0
  stop_processes "$dir"/pids/gateway-*
  stop_processes "$dir"/pids/worker-*
  stop_processes "$dir/pids/redis"
  stop_postgres "$dir"
  rm -rf "$dir/urls"
}
