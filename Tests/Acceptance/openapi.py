"""Sends what the description at /openapi.json allows, and what it does not, to a running gateway with schemathesis.

No answer may be a server error, none may be missing in the description or differ from it, and what the description allows may
not mostly be refused. Needs BUTTONWOOD_GATEWAY_URL and DATABASE_URL (Scripts/stack writes them) and BUTTONWOOD_BIN. Prints a line a check, "ok …" or "FAIL …".
"""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import urllib.request

from support.floor import Party
from support.harness import URL, letters, operator

SYMBOL = "Z" + letters(5)
SEED = int(os.environ.get("BUTTONWOOD_SEED") or random.randrange(100_000))
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
]


operator("instrument", "add", SYMBOL, "--name", "Described", "--reference-price", "10")
party = Party("Schema", 10_000_000_000, SYMBOL, 1_000_000)
# The shortest symbol that the description allows, which is always tried.
if party.call("GET", "/v2/assets/A")[0] == 404:
    operator("instrument", "add", "A", "--name", "Shortest", "--reference-price", "10")
operator("account", "grant", party.number, "A", "1000000")


def made(path, body):
    status, answer = party.call("POST", path, body)
    assert status == 200, answer
    return answer["id"]


# What a request may name: without it, nearly all that is generated is refused as unknown.
order = {"symbol": SYMBOL, "qty": "1", "side": "buy", "type": "limit", "time_in_force": "gtc", "limit_price": "1"}
KNOWN = {
    "symbols": [SYMBOL],
    "orders": [made("/v2/orders", order) for _ in range(40)],
    "watchlists": [made("/v2/watchlists", {"name": f"list {n}", "symbols": [SYMBOL]}) for n in range(40)],
    "names": [f"list {n}" for n in range(40)],
}
BOUND = {
    "body.symbol": "symbols", "body.symbols[*]": "symbols", "path.symbol": "symbols", "path.symbol_or_asset_id": "symbols", "path.order_id": "orders",
    "path.watchlist_id": "watchlists", "query.name": "names",
}
CONFIGURATION = "".join(
    [f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in KNOWN.items()] + ["[parameters]\n"]
    + [f'"{place}" = {{ dictionary = "{name}", probability = 0.8 }}\n' for place, name in BOUND.items()])
# What ends all orders and positions of the account, or suspends its trading, ends what the others need: it comes last.
SWEEPING = ["cancelOrders", "closePositions", "changeAccountConfigurations"]


def run(folder, *words, seed=SEED):
    return subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("st"), "run", f"{URL}/openapi.json",
            "-H", f"APCA-API-KEY-ID: {party.key}", "-H", f"APCA-API-SECRET-KEY: {party.secret}",
            "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--max-examples", "25",
            "--seed", str(seed), "--generation-database", "none", "--continue-on-failure", "--no-color",
            "--request-timeout", "30", *words,
        ],
        capture_output=True, text=True, cwd=folder,
        env=dict(os.environ, SCHEMATHESIS_HOOKS="support.fresh_names", PYTHONPATH=str(pathlib.Path(__file__).parent)),
    )


with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "schemathesis.toml").write_text(CONFIGURATION)
    # The answer of trade events has no end.
    others = [word for name in [*SWEEPING, "subscribeToTradeEvents"] for word in ("--exclude-operation-id", name)]
    # What a few requests happen to name may all be refused by chance: it must come twice.
    first = run(folder, *others)
    runs = [first] if "Schema validation mismatch" not in first.stdout else [run(folder, *others, seed=SEED + 1)]
    runs.append(run(folder, *[word for name in SWEEPING for word in ("--include-operation-id", name)]))
    runs += [first] if first.returncode != 0 and first not in runs else []
operations = json.load(urllib.request.urlopen(f"{URL}/openapi.json"))["paths"]
count = sum(len(methods) for methods in operations.values())
failed = [done for done in runs if done.returncode != 0]
cases = sum(int(number) for done in runs for number in re.findall(r"(\d+) generated", done.stdout))
# "Mostly rejected": requests that the description allows are refused.
refused = [
    found[1] for done in runs
    if (found := re.search(r"Schema validation mismatch:.*?\n\n(.*?)\n\n", done.stdout, re.DOTALL))
]
for done in failed:
    print(done.stdout[-6000:])
    print(done.stderr[-2000:])
if not failed and cases:
    print(f"ok schemathesis finds nothing in {count} operations, {cases} cases (seed {SEED})")
else:
    print(f"FAIL schemathesis, seed {SEED}")
if refused:
    print("FAIL valid requests are mostly refused:", *refused, sep="\n")
else:
    print("ok what the description allows is not mostly refused")
sys.exit(bool(failed or refused or not cases))
