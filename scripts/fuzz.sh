#!/usr/bin/env bash
# fuzz.sh PROGRAM SECONDS - runs one fuzzer on its committed corpus, bounded in time and memory.
#
# New inputs are collected under build/, never in tests/fuzz/corpus; what crashes is kept beside them and
# becomes a named test by hand.
set -u
program=$1 seconds=$2
name=$(basename "$program")
work=$(dirname "$program")/found/$name
committed=tests/fuzz/corpus/$name
mkdir -p "$work/corpus"
log=$work/log
inputs=("$work/corpus")
[ ! -d "$committed" ] || inputs+=("$committed")
if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="$work/" "${inputs[@]}" >"$log" 2>&1 </dev/null; then
    awk -v name="$name" '/stat::number_of_executed_units/ { n = $2 } /stat::average_exec_per_sec/ { r = $2 }
        END { printf "ok    %-28s %d inputs, %d a second\n", name, n, r }' "$log"
else
    echo "FAIL  $name: see $log; the input is in $work"
    grep -m5 -E 'ERROR|runtime error|SUMMARY|Test unit written' "$log"
    exit 1
fi
