"""What every script here needs: the system that it runs against, checks, the operator's program."""

import os
import subprocess
import sys
import time
import uuid

URL = os.environ["BUTTONWOOD_GATEWAY_URL"]
BINARY = os.environ.get("BUTTONWOOD_BIN", ".build/release/buttonwood")

counts = {"ok": 0, "FAIL": 0}


def letters(count):
    """Capital letters at random: symbols that no other run has."""
    return "".join(chr(ord("A") + int(digit, 16)) for digit in uuid.uuid4().hex[:count])


def check(name, holds, seen=""):
    word = "ok" if holds else "FAIL"
    counts[word] += 1
    print(f"{word} {name}" + ("" if holds else f": {seen!r}"), flush=True)


def operator(*words):
    """What the program says; ends the script when it fails."""
    done = subprocess.run([BINARY, *words], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"FAIL buttonwood {' '.join(words)}: {done.stderr.strip()}")
        sys.exit(1)
    return done.stdout


def eventually(read, holds, seconds=15):
    """What `read` returns as soon as it holds: orders are matched a moment after they are accepted."""
    end = time.monotonic() + seconds
    while True:
        value = read()
        if holds(value) or time.monotonic() > end:
            return value
        time.sleep(0.02)
