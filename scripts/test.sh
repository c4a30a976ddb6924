#!/usr/bin/env bash
# test.sh [NAME...] - the whole suite, one line per stage; `make test` and `make test ONLY="unit faults"`.
#
# Three stages run at a time (JOBS=3; most wait for a clock or a disk), but for those that need a quiet machine. Stages: layers, unit (all folders), then every script of tests/e2e, tests/faults, tests/sim, tests/truth, tests/labs
# but lib*.sh, and tests/property/property.sh (PROPERTY_SECONDS=60 of random cases). A NAME selects the stages that contain it. What a stage prints goes to build/test/STAGE.log,
# its end is shown when it fails. There is no skipping: a client or tool that is missing is a failure. Only
# what needs the shared documents (real data, seed programs) runs just where ../shared (or $SHARED) exists.
# A stage counts as the tests that it counts itself ("N passed, N failed", Criterion's synthesis), else as
# one. Last line: `N passed, N failed`; the exit status is not 0 when something failed.
set -u
cd "$(dirname "$0")/.."
exec </dev/null
build=${BUILD:-build}
shared=${SHARED:-../shared}
export MILLRACE=${MILLRACE:-$build/millrace} BUILD=$build SHARED=$shared
export PYTHONDONTWRITEBYTECODE=1 # nothing is written outside of $build and the temporary folder
logs=$build/test
mkdir -p "$logs"
rm -f "$logs"/*.count
only=("$@")
jobs=${JOBS:-3}

selected() { # NAME
    [ ${#only[@]} -gt 0 ] || return 0
    local wanted
    for wanted in "${only[@]}"; do case $1 in *"$wanted"*) return 0 ;; esac; done
    return 1
}

# Adds up what a log says about its tests: "PASSED FAILED".
count() { # LOG
    awk '/Synthesis: Tested:/ { gsub(/\033\[[0-9;]*m/, ""); gsub(/[^0-9]+/, " "); p += $2; f += $1 - $2; n++ }
         /^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3; n++ }
         END { if (n) print p + 0, f + 0 }' "$1"
}

# One stage: runs it, leaves "PASSED FAILED" in NAME.count and prints its line.
run() { # NAME LIMIT_S COMMAND...
    local name=$1 limit=$2 log status start p f
    shift 2
    log=$logs/${name//\//-}.log
    start=$(date +%s)
    timeout --kill-after=20 "$limit" "$@" >"$log" 2>&1
    status=$?
    read -r p f < <(count "$log") || { p=$((status == 0)) f=0; }
    [ "$status" -eq 0 ] || [ "$f" -gt 0 ] || f=1
    echo "$p $f" >"${log%.log}.count"
    if [ "$f" -eq 0 ]; then
        printf 'ok    %-32s %4d passed  %4d s\n' "$name" "$p" $(($(date +%s) - start))
        return
    fi
    [ "$status" -ne 124 ] || echo "(stopped after $limit s)" >>"$log"
    printf 'FAIL  %-32s %4d failed  %4d s, status %d, %s:\n' "$name" "$f" $(($(date +%s) - start)) "$status" "$log"
    grep -E 'FAIL|Assertion|Unexpected signal|ERROR: |error:|is [^ ]+, not ' "$log" | head -20 | sed 's/^/      > /'
    tail -15 "$log" | sed 's/^/      | /'
}

# These measure time, or keep every processor busy by themselves; most others wait for a clock or for a disk.
needs_quiet() { # NAME
    case $1 in layers | unit | e2e/bench_speed | sim/* | labs/prove | property/*) ;; *) return 1 ;; esac
}

# Starts a stage when there is room for it: $jobs at a time, one that needs quiet alone. What a stage prints comes
# out when it ends, in one piece.
stage() { # NAME LIMIT_S COMMAND...
    selected "$1" || return 0
    local room=$jobs
    ! needs_quiet "$1" || room=1
    while [ "$(jobs -rp | wc -l)" -ge "$room" ]; do wait -n; done
    {
        result=$(run "$@")
        echo "$result"
    } &
    ! needs_quiet "$1" || wait
}

# The argument of a script that works on the shared documents, or nothing.
shared_argument() {
    case $1 in
    */seed_*) echo "$shared/seeds" ;;
    */real_*) echo "$shared/data" ;;
    esac
}

stage layers 60 scripts/layers.sh "$build"
stage unit 900 make --no-print-directory -k -j"$(nproc)" --output-sync=target unit
# Those that need quiet come last, one after the other: each among the others would wait for all that run to end, with a
# processor idle. Before them the folders with the longest first, so that short ones are left for the end.
for quiet in no yes; do
    for script in tests/faults/*.sh tests/labs/*.sh tests/e2e/*.sh tests/truth/*.sh tests/sim/*.sh tests/property/property.sh; do
        [ -f "$script" ] || continue
        case $script in */lib*.sh) continue ;; esac
        name=${script#tests/}
        name=${name%.sh}
        if needs_quiet "$name"; then [ $quiet = yes ] || continue; else [ $quiet = no ] || continue; fi
        argument=$(shared_argument "$script")
        if [ -n "$argument" ] && [ ! -d "$shared" ]; then
            echo "      $name: no $shared here, so there is nothing to run it on"
            continue
        fi
        stage "$name" "${TEST_LIMIT_S:-600}" bash "$script" ${argument:+"$argument"}
    done
done

wait
read -r passed failed < <(cat "$logs"/*.count 2>/dev/null | awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }')
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
