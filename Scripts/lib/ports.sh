# shellcheck shell=bash
# Free loopback ports, also while several of these scripts look for some at the same moment.

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints a free port: the preferred one, when one is named and free, else one from below the range that the kernel gives
# to outgoing connections. A port handed out is not handed out again for two minutes: its server may not listen yet.
free_port() {
  local preferred=${1:-} folder=${TMPDIR:-/tmp}/buttonwood-ports.$EUID port attempt
  mkdir -p "$folder"
  find "$folder" -mindepth 1 -maxdepth 1 -type d -mmin +2 -exec rmdir {} + 2>/dev/null || true
  for attempt in {1..200}; do
    port=$((20000 + SRANDOM % 12000))
    [[ $attempt -gt 1 || -z $preferred ]] || port=$preferred
    mkdir "$folder/$port" 2>/dev/null || continue
    port_is_taken "$port" && continue
    printf '%s' "$port"
    return
  done
  fail "no free port found on 127.0.0.1"
}

# Gives back what a stopped server used, so that the preferred port is free for the next one.
release_port() { rmdir "${TMPDIR:-/tmp}/buttonwood-ports.$EUID/$1" 2>/dev/null || true; }
