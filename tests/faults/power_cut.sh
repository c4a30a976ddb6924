#!/usr/bin/env bash
# power_cut.sh [SEED [ROUNDS]] - 100 rounds of kill -9 and a power cut over the three durability modes, half of them torn,
# with an idempotent producer's ledger and a group's commits (power_ledger.py says what is judged). What each mode
# lost is printed.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
seed=${1:-4217}
rounds=${2:-100}
python=/usr/bin/python3

# The modes side by side: most of a round is waiting.
declare -A pids
modes="group-commit page-cache interval"
for mode in $modes; do
    n=$((rounds / 3))
    [ $mode != group-commit ] || n=$((rounds - 2 * n))
    story "$n power cuts, $mode"
    mkdir "$scratch/$mode"
    $python tests/faults/power_ledger.py "$MILLRACE" "$scratch/$mode" "$seed" $mode $n >"$scratch/$mode.out" 2>"$scratch/$mode.err" &
    pids[$mode]=$!
done
for mode in $modes; do
    wait "${pids[$mode]}" || fail "$mode, seed $seed: $(tail -1 "$scratch/$mode.err")"
    cat "$scratch/$mode.out"
    cat "$scratch/$mode/broker.log" >>"$scratch/broker.log"
done

done_testing
