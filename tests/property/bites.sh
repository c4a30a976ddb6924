#!/usr/bin/env bash
# bites.sh [NAME...] - the property tests bite: a seeded bug in each operator and rule is found. By hand, not in CI: a minute or
# two for each ten bugs. BITES_SECONDS (40) is how long a bug may hide.
cd "$(dirname "$0")/../.." || exit 2
make --no-print-directory all >/dev/null || exit 2
exec /usr/bin/python3 tests/property/bites.py --build "${BUILD:-build}/release" --seconds "${BITES_SECONDS:-40}" "$@"
