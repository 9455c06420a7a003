"""Sends what the description at /openapi.json allows, and what it does not, to a running gateway with schemathesis.

No answer may be a server error, none may be missing in the description or differ from it. Needs BUTTONWOOD_GATEWAY_URL and
DATABASE_URL (Scripts/stack writes them) and BUTTONWOOD_BIN. Prints a line a check, "ok …" or "FAIL …".
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
account = json.loads(operator("account", "create", "--name", "Schema", "--cash", "1000000", "--json"))
operator("account", "grant", str(account["account_id"]), SYMBOL, "1000")
with tempfile.TemporaryDirectory() as folder:
    report = pathlib.Path(folder, "report.json")
    done = subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("st"), "run", f"{URL}/openapi.json",
            "-H", f"APCA-API-KEY-ID: {account['key_id']}", "-H", f"APCA-API-SECRET-KEY: {account['secret']}",
            "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--max-examples", "25",
            "--seed", str(SEED), "--generation-database", "none", "--continue-on-failure", "--no-color",
            "--request-timeout", "30", "--report", "json", "--report-json-path", str(report), "--warnings", "off",
        ],
        capture_output=True, text=True, cwd=folder,
    )
operations = json.load(urllib.request.urlopen(f"{URL}/openapi.json"))["paths"]
count = sum(len(methods) for methods in operations.values())
cases = re.search(r"(\d+) generated", done.stdout)
if done.returncode == 0 and cases:
    print(f"ok schemathesis finds nothing in {count} operations, {cases[1]} cases (seed {SEED})")
else:
    print(done.stdout[-6000:])
    print(done.stderr[-2000:])
    print(f"FAIL schemathesis, seed {SEED}")
    sys.exit(1)
