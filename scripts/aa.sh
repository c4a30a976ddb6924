#!/usr/bin/env bash
# aa.sh [EXPERIMENT...] - the same program measured again and again: do comparisons of a run with itself stay silent?
#
# Runs the experiments (E4, about a minute) RUNS times (20) in profile quick into OUT (results/aa), and compares every
# run with the one before. Last line: how many of the comparisons alarmed, were silent, or were not measurable. Runs
# that are there already count, so an interrupted one goes on. The exit status is 1 after an alarm, 3 when nothing could
# be compared.
set -u
cd "$(dirname "$0")/.." || exit 2
millrace=${MILLRACE:-build/millrace} out=${OUT:-results/aa} runs=${RUNS:-20}
[ $# -gt 0 ] || set -- E4
mkdir -p "$out"
alarms=0 silent=0 unknown=0
for ((i = 1; i <= runs; i++)); do
    "$millrace" bench run "$@" --out "$out/$i" >"$out/run-$i.log" 2>&1 ||
        { echo "run $i failed: $(tail -1 "$out/run-$i.log")" && exit 2; }
    [ "$i" -gt 1 ] || continue
    "$millrace" bench compare "$out/$((i - 1))" "$out/$i" >"$out/compare-$i.txt"
    case $? in
    0) silent=$((silent + 1)) ;;
    1) alarms=$((alarms + 1)); grep WORSE "$out/compare-$i.txt" ;;
    3) unknown=$((unknown + 1)) ;;
    *) exit 2 ;;
    esac
done
echo "$((runs - 1)) comparisons: $alarms alarms, $silent silent, $unknown not measurable"
[ "$alarms" -eq 0 ] || exit 1
[ "$silent" -gt 0 ] || exit 3
