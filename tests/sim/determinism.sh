#!/usr/bin/env bash
# The same seed gives the same trace on every build: -O2, -O0, and -O1 under ASan and UBSan. A difference means that
# something was looked at that the seed does not decide.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${BUILD:-build}
seeds=${SEEDS:-30}
status=0
for mode in release debug asan; do
    make --no-print-directory -j"$(nproc)" BUILD="$build" MODE="$mode" sim-program >/dev/null
    "$build/$mode/sim" --hashes "$seeds" >"$build/$mode/sim-hashes"
    if ! cmp -s "$build/release/sim-hashes" "$build/$mode/sim-hashes"; then
        echo "not ok: $mode differs from release, first at seed $(diff "$build/release/sim-hashes" \
            "$build/$mode/sim-hashes" | sed -n 's/^< \([0-9]*\) .*/\1/p' | head -n 1)"
        status=1
    fi
done
[ "$(cut -d' ' -f2 "$build/release/sim-hashes" | sort -u | wc -l)" = "$seeds" ] || {
    echo "not ok: different seeds give the same trace"
    status=1
}
[ $status = 0 ] && echo "ok: $seeds seeds have the same trace hash in release, debug and asan builds"
exit $status
