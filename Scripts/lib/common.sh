# shellcheck shell=bash
# What every script here shares: where the tree is, how to speak, how to become another user, where the programs are.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
SELF=${0##*/}

say() { printf '%s: %s\n' "$SELF" "$*" >&2; }

# Ends the script: the operation failed.
fail() {
  say "$*"
  exit 1
}

# Ends the script: it was called wrongly.
misuse() {
  say "$* (see Scripts/$SELF --help)"
  exit 2
}

# Prints the comment at the top of a script as its help.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# The value behind a flag: `value FLAG "$@"` with the flag still in "$@".
value() {
  [[ $# -ge 3 && -n $3 ]] || misuse "$1 wants a value"
  printf '%s' "$3"
}

is_root() { [[ $EUID -eq 0 ]]; }

as_root() {
  if is_root; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    fail "needs root for: $* (become root or install sudo)"
  fi
}

# Where a program of ours is: in the release build, or where BUTTONWOOD_BIN or BUTTONWOOD_LAB_BIN says.
program_path() {
  local path=$ROOT/.build/release/$1
  case $1 in
    buttonwood) path=${BUTTONWOOD_BIN:-$path} ;;
    buttonwood-lab) path=${BUTTONWOOD_LAB_BIN:-$path} ;;
  esac
  printf '%s' "$path"
}

# The path of a program of ours, built when it is missing.
program() {
  local path
  path=$(program_path "$1")
  [[ -x $path ]] || build_release "$1"
  [[ -x $path ]] || fail "$path is not a program"
  printf '%s' "$path"
}

# Brings programs of ours up to date with the sources; those that a variable names are somebody else's to build.
build_release() {
  local name
  command -v swift >/dev/null || fail "swift is not installed (6.3 or newer is needed: https://www.swift.org/install/linux/)"
  for name in "$@"; do
    [[ $(program_path "$name") == "$ROOT/.build/release/$name" ]] || continue
    say "building $name (release)"
    (cd "$ROOT" && swift build -c release --product "$name" >&2) || fail "$name does not build"
  done
}

# Shows the end of a log when something it should tell about went wrong.
show_tail() {
  [[ -s $1 ]] || return 0
  say "the end of $1:"
  tail -n "${2:-15}" "$1" | sed 's/^/    /' >&2
}

# Runs `check` until it succeeds; false after SECONDS_LIMIT or once PID is gone.
await() {
  local limit=$1 pid=$2
  shift 2
  local end=$((SECONDS + limit))
  until "$@"; do
    [[ -z $pid ]] || kill -0 "$pid" 2>/dev/null || return 1
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
