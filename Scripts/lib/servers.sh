# shellcheck shell=bash
# Private PostgreSQL and Redis servers inside a system's folder.

# PostgreSQL refuses to run as root; then it runs as Debian's user for it.
as_postgres() {
  if is_root; then
    runuser -u postgres -- "$@"
  else
    "$@"
  fi
}

postgres_tools() {
  local folder
  folder=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  [[ -x $folder/initdb ]] || fail "PostgreSQL is not installed (run Scripts/bootstrap)"
  printf '%s' "$folder"
}

# Where the data of DIR's PostgreSQL lies: in DIR, or, when its user cannot enter DIR (as below /root), in a folder of its
# own that DIR/postgres points to.
postgres_data() {
  local dir=$1 folder
  if [[ ! -e $dir/postgres ]]; then
    mkdir "$dir/postgres"
    if is_root; then
      if ! as_postgres test -x "$dir/postgres"; then
        rmdir "$dir/postgres"
        folder=$(mktemp -d /var/tmp/buttonwood.XXXXXXXX)
        ln -s "$folder" "$dir/postgres"
        say "user postgres cannot enter $dir: its data goes to $folder"
      fi
      chown postgres: "$dir/postgres/"
    fi
    chmod 700 "$dir/postgres/"
  fi
  (cd "$dir/postgres" && pwd -P)
}

# Starts (after creating it the first time) PostgreSQL for DIR on PORT; with COMMIT_TIMES=on it keeps when transactions
# were committed.
start_postgres() {
  local dir=$1 port=$2 tools data
  tools=$(postgres_tools)
  data=$(postgres_data "$dir")
  local log=$dir/log/postgres.log
  if ! as_postgres test -s "$data/PG_VERSION"; then
    as_postgres "$tools/initdb" -D "$data" -U buttonwood -A trust -E UTF8 --locale=C.UTF-8 -k --no-sync >"$log" 2>&1 ||
      { show_tail "$log"; fail "initdb failed"; }
    as_postgres tee "$data/buttonwood.conf" <"$ROOT/deploy/postgresql.conf" >/dev/null
    printf '%s\n' "include 'buttonwood.conf'" "include 'private.conf'" | as_postgres tee -a "$data/postgresql.conf" >/dev/null
  fi
  # A private server shares its machine with everything else, listens to this machine alone and has no socket file.
  printf '%s\n' "port = $port" "listen_addresses = '127.0.0.1'" "unix_socket_directories = ''" \
    "shared_buffers = 256MB" "max_connections = 100" "max_wal_size = 1GB" "min_wal_size = 80MB" "huge_pages = off" \
    "track_commit_timestamp = ${COMMIT_TIMES:-off}" |
    as_postgres tee "$data/private.conf" >/dev/null
  (cd / && as_postgres "$tools/pg_ctl" start -w -t 60 -s -D "$data") </dev/null >>"$log" 2>&1 ||
    { show_tail "$log"; fail "PostgreSQL does not start"; }
  as_postgres head -n 1 "$data/postmaster.pid" >"$dir/pids/postgres"
  create_database "$port" "$log"
}

create_database() {
  local url=postgresql://buttonwood@127.0.0.1:$1/postgres
  [[ -z $(psql "$url" -XAtc "SELECT 1 FROM pg_database WHERE datname = 'buttonwood'" 2>>"$2") ]] || return 0
  psql "$url" -XAtqc 'CREATE DATABASE buttonwood' >>"$2" 2>&1 || { show_tail "$2"; fail "the database cannot be created"; }
}

stop_postgres() {
  local dir=$1 tools data
  [[ -f $dir/pids/postgres ]] || return 0
  tools=$(postgres_tools)
  data=$(postgres_data "$dir")
  if (cd / && as_postgres "$tools/pg_ctl" status -D "$data") >/dev/null 2>&1; then
    (cd / && as_postgres "$tools/pg_ctl" stop -w -t 30 -s -m fast -D "$data") >>"$dir/log/postgres.log" 2>&1 ||
      say "PostgreSQL did not stop cleanly (see $dir/log/postgres.log)"
  fi
  rm -f "$dir/pids/postgres"
}

# Removes the data of DIR's PostgreSQL, wherever it lies.
remove_postgres_data() {
  local target
  if [[ -L $1/postgres ]]; then
    target=$(readlink "$1/postgres")
    [[ $target != /var/tmp/buttonwood.* ]] || rm -rf -- "$target"
  fi
  rm -rf -- "$1/postgres"
}

start_redis() {
  local dir=$1 port=$2
  mkdir -p "$dir/redis"
  setsid redis-server "$ROOT/deploy/redis.conf" --port "$port" --bind 127.0.0.1 --dir "$dir/redis" \
    --daemonize no --maxmemory 1gb --logfile "" </dev/null >>"$dir/log/redis.log" 2>&1 &
  local pid=$!
  echo "$pid" >"$dir/pids/redis"
  await 10 "$pid" redis_answers "$port" || { show_tail "$dir/log/redis.log"; fail "Redis does not start"; }
}

redis_answers() { [[ $(redis-cli -h 127.0.0.1 -p "$1" ping 2>/dev/null) == PONG ]]; }
