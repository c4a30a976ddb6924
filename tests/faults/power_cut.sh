#!/usr/bin/env bash
# power_cut.sh [SEED [ROUNDS]] - 100 rounds of kill -9 and a power cut over the three durability modes, half of them torn,
# with an idempotent producer's ledger and a group's commits (power_ledger.py says what is judged). What each mode
# lost is printed.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
seed=${1:-4217}
rounds=${2:-100}
python=/usr/bin/python3

for mode in group-commit page-cache interval; do
    n=$((rounds / 3))
    [ $mode != group-commit ] || n=$((rounds - 2 * n))
    story "$n power cuts, $mode"
    $python tests/faults/power_ledger.py "$MILLRACE" "$scratch" "$seed" $mode $n 2>"$scratch/judge.err" ||
        fail "$mode, seed $seed: $(tail -1 "$scratch/judge.err")"
done

done_testing
