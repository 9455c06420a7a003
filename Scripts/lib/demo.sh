# shellcheck shell=bash
# Instruments and accounts to trade with. Needs DATABASE_URL.

DEMO_CASH=100000000.00 # dollars an account: the recording trades some hundred million in all
DEMO_SHARES=1000000
DEMO_INSTRUMENTS=(
  "AAPL|Apple Inc.|288.73"
  "AMZN|Amazon.com, Inc.|1850.00"
  "GOOG|Alphabet Inc. Class C|1340.00"
  "IBM|International Business Machines Corporation|133.50"
  "INTC|Intel Corporation|59.80"
  "KO|The Coca-Cola Company|55.10"
  "MSFT|Microsoft Corporation|158.20"
  "NVDA|NVIDIA Corporation|234.00"
)

# Adds the instruments that are not there yet.
add_instruments() {
  local line symbol name price
  for line in "${DEMO_INSTRUMENTS[@]}"; do
    IFS='|' read -r symbol name price <<<"$line"
    [[ -z $(psql "$DATABASE_URL" -XAtc "SELECT 1 FROM instruments WHERE symbol = '$symbol'") ]] || continue
    "$(program buttonwood)" instrument add "$symbol" --name "$name" --reference-price "$price" >/dev/null
  done
}

# Opens an account with cash and shares of Apple, and prints its key as a line of JSON. `open_account NAME CASH SHARES`
open_account() {
  local buttonwood json id
  buttonwood=$(program buttonwood)
  json=$("$buttonwood" account create --name "$1" --cash "$2" --json)
  id=$(jq -r .account_id <<<"$json")
  "$buttonwood" account grant "$id" AAPL "$3" >/dev/null
  jq -c . <<<"$json"
}

# Fills FILE up to COUNT keys of accounts with plenty of everything. Secrets are shown once, so the file must be private.
open_traders() {
  local file=$1 wanted=$2 count json
  touch "$file"
  count=$(wc -l <"$file")
  while [[ $count -lt $wanted ]]; do
    count=$((count + 1))
    json=$(open_account "trader-$count" "$DEMO_CASH" "$DEMO_SHARES")
    printf '%s\n' "$json" >>"$file"
  done
}
