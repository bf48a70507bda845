# SPDX-License-Identifier: Apache-2.0
"""Prints severe incidents, one line each, and remembers by which it has come.

    desk.py NAME COUNT
"""

import json
import subprocess
import sys

name, count = sys.argv[1:]
watch = subprocess.Popen(
    ["certbus", "--json", "watch", "--as", name, "--from", "start", "--kind", "incident",
     "--count", count, "--timeout", "20"],
    stdout=subprocess.PIPE, text=True, encoding="utf-8")
for line in watch.stdout:
    message = json.loads(line)
    body = message["body"]
    if body.get("severity") in ("S1", "S2"):
        # ascii (): what others wrote must not steer a terminal.
        print(message["id"], body["severity"], ascii(body["title"]), flush=True)
sys.exit(watch.wait())
