#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The vectors in this folder are what make_vectors writes, byte for byte.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=${CERTBUS_BUILD:-$here/../../build}/tests/tools/make_vectors
[ -x "$tool" ] || { echo "make_vectors has not been built"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$tool" "$folder"
for file in "$here"/*.json; do
    [ -e "$folder/${file##*/}" ] || { echo "$file is made by nobody"; exit 1; }
done
for file in "$folder"/*.json; do
    cmp "$file" "$here/${file##*/}" || {
        echo "write them anew: make_vectors tests/vectors, and look at the difference"
        exit 1
    }
done
