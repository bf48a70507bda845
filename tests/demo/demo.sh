#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demonstration that `make demo` shows: a hierarchy of CERTs on this machine, a day of its
# traffic, and at the end a count. It fails when anything was not as it should be.
#
#     KEEP=1   keep the folder with homes, journals and logs
#     STAY=1   leave the brokers running until Enter is pressed
#
# CERTBUS_BUILD is the build tree that is shown (default: build/ of the project).
set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
export CERTBUS_BUILD=${CERTBUS_BUILD:-$project/build} PYTHONDONTWRITEBYTECODE=1
for program in certbus certbusd; do
    if [ ! -x "$CERTBUS_BUILD/bin/$program" ]; then
        echo "demo: $CERTBUS_BUILD/bin/$program is not there; build it with: make" >&2
        exit 1
    fi
done
exec /usr/bin/python3 "$here/demo.py"
