#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tests of the second implementation, which stands in tests/python."""

import pathlib
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent / "python" / "test_certbus_py.py"
sys.exit(subprocess.run([sys.executable, str(TESTS)], check=False).returncode)
