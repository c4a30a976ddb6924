#!/usr/bin/env bash
# traps_listed.sh - docs/traps.md lists T1 to T54 once each, and every test that it names is there.
cd "$(dirname "$0")/../.." || exit 2
bad=0
for n in $(seq 54); do
    count=$(grep -c "^| T$n |" docs/traps.md)
    [ "$count" = 1 ] || { echo "T$n stands $count times in docs/traps.md" >&2; bad=1; }
done
grep -rhoE 'TEST\([a-z0-9_]+, [a-z0-9_]+\)' --include='*_test.c' lib broker | sed 's/TEST(//; s/, /./; s/)//' | sort -u >"${TMPDIR:-/tmp}/traps.$$"
for name in $(awk -F'|' '/^\| T/ { print $4 }' docs/traps.md | grep -oE '\b[a-z_]+\.[a-z0-9_]{3,}' | sort -u) node_connection.bytes_behind_a_request_are_ignored; do
    case $name in *.sh) continue ;; esac
    grep -qx "$name" "${TMPDIR:-/tmp}/traps.$$" || { echo "no test $name" >&2; bad=1; }
done
for path in $(grep -oE 'tests/(e2e|faults)/[a-z_]+\.sh|broker/group/golden' docs/traps.md | sort -u); do
    [ -e "$path" ] || { echo "no $path" >&2; bad=1; }
done
rm -f "${TMPDIR:-/tmp}/traps.$$"
[ "$bad" = 0 ] && echo "ok: 54 traps, and every test they name"
exit "$bad"
