#!/usr/bin/env bash
# coverage.sh OBJECTS - a summary of what the unit tests reached, a line per folder (gcov).
set -u
objects=$1
# By the compiler's notes, not by the counts: a file that no test program links has no counts, and reached nothing.
find "$objects" -name '*.gcno' ! -name '*_test.gcno' | LC_ALL=C sort | while read -r notes; do
    gcov -n -o "$(dirname "$notes")" "${notes%.gcno}.gcda" 2>/dev/null
done | awk '
    /^File / { file = $2; gsub(/\047/, "", file) }
    /^Lines executed:/ && file ~ /^(lib|broker|workloads|etl|bench|cli)\/.*\.c$/ {
        split($2, share, /[:%]/); folder = file; sub(/\/[^\/]*$/, "", folder)
        hit = share[2] * $4 / 100; lines[folder] += $4; hits[folder] += hit; all += $4; all_hit += hit
        file = ""
    }
    END {
        for (f in lines) printf "%-24s %6d lines %6.1f %%\n", f, lines[f], 100 * hits[f] / lines[f] | "sort"
        close("sort")
        if (!all) { print "no coverage data: did the tests run?"; exit 1 }
        printf "%-24s %6d lines %6.1f %%\n", "all", all, 100 * all_hit / all
    }'
