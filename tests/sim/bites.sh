#!/usr/bin/env bash
# The simulator bites: each seeded bug, compiled in by -DMILLRACE_SEEDED_BUG=1, 2, ..., is found within the seeds 1 to
# 1000, and the code as it is passes all of them. Found means that a seed broke a promise: an empty cell of the
# table, a wrong usage or a seed that fails only once does not count. Only the file with a seeded bug is compiled
# again; its object comes before the archives that hold the right one.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${BUILD:-build}
out=$build/release
runs=${RUNS:-1000}
names=("" "ack before the sync" "no truncation of a torn tail" "an offset handed out twice"
       "producer state forgotten at restart" "retention leaves less than retention.bytes"
       "an older committed offset after a restart" "a deleted topic's data comes back"
       "an index entry behind its batch" "producers expire too early" "an older generation commits"
       "DeleteRecords answered before it is on disk" "interval mode forgets a few records"
       "the batch that reaches flush.messages acknowledged before the sync")

make --no-print-directory BUILD="$build" MODE=release sim-program
read -r -a compile <"$out/flags"
read -r -a libraries <<<"$(pkg-config --libs zlib liblz4 libzstd libcrypto) -lsnappy -lpthread -lm"
mapfile -t simulator < <(find "$out/tests/sim" -name '*.o' | LC_ALL=C sort)
mapfile -t archives < <(find "$out" -maxdepth 1 -name 'broker_*.a' -o -maxdepth 1 -name 'lib_*.a' | grep -v broker_server)

# The program with bug $1.
bug_build() {
    local dir=$out/sim-bug-$1 file
    file=$(grep -lE --include='*.c' -r "MILLRACE_SEEDED_BUG [!=]= $1\b" broker)
    mkdir -p "$dir"
    "${compile[@]}" -MF /dev/null "-DMILLRACE_SEEDED_BUG=$1" -c "$file" -o "$dir/bug.o"
    "${compile[0]}" -o "$dir/sim" "${simulator[@]}" "$dir/bug.o" -Wl,--start-group "${archives[@]}" -Wl,--end-group \
        "${libraries[@]}"
}

# Whether the program with bug $1 ends with status 1 and the line of the promise that a seed broke (or of its crash).
bug_found() {
    local found=$out/sim-bug-$1/found status=0
    "$out/sim-bug-$1/sim" --runs "$runs" --kept /dev/null >"$found" 2>/dev/null || status=$?
    [ "$status" = 1 ] && grep -qE '^seed [0-9]+, commit [^,]+(, at [0-9.]+ s: |: ended by signal )' "$found"
}

export MILLRACE_COMMIT=${MILLRACE_COMMIT:-$(git rev-parse --short HEAD 2>/dev/null || true)}

# One line about bug $1: "ok: ..." or "not ok: ...".
bug_judge() {
    bug_build "$1"
    if bug_found "$1"; then
        echo "ok: bug $1 (${names[$1]}): $(grep -m 1 '^seed ' "$out/sim-bug-$1/found")"
    else
        echo "not ok: bug $1 (${names[$1]}) is not found in $runs runs: $(tail -n 1 "$out/sim-bug-$1/found")"
    fi
}

# Bugs $1, $1 + step, ...: as many at a time as there are processors.
step=$(nproc)
bugs_judge() {
    local bug
    for ((bug = $1; bug < ${#names[@]}; bug += step)); do bug_judge "$bug"; done
}

verdicts=$(mktemp)
trap 'rm -f "$verdicts"' EXIT
for ((first = 1; first <= step; first++)); do bugs_judge "$first" & done >"$verdicts"
wait
if "$out/sim" --runs "$runs" --kept /dev/null >"$out/sim-clean" 2>/dev/null; then
    echo "ok: without a bug: $(tail -n 1 "$out/sim-clean")"
else
    echo "not ok: without a bug: $(head -n 1 "$out/sim-clean")"
fi >>"$verdicts"
sort -V "$verdicts"
passed=$(grep -c '^ok: ' "$verdicts" || true)
# One that says nothing has failed, too.
failed=$((${#names[@]} - passed))
echo "$passed passed, $failed failed"
[ $failed = 0 ]
