# lib_follow.sh - a publisher that follows a folder, and a run that follows the topic; both may be killed at any moment.
#
# Usage: . tests/e2e/lib_follow.sh   (after lib.sh), with the definition in $follow
# Gives $in (an empty folder), $db, and publisher_start, run_start, followers_kill, publisher_stop, followers_stop.

follow=${follow:-$scratch/follow.json}
in=$scratch/in
db=$scratch/stream.db
publisher= run= writer=
trap 'kill -KILL $publisher $run $writer 2>/dev/null; finish' EXIT
mkdir "$in"

publisher_start() {
    "$MILLRACE" stream publish "$follow" --in "$in" --follow --poll-ms 20 --state "$scratch/state" --partitions 3 \
        --bootstrap "$bootstrap" 2>>"$scratch/publish.err" &
    publisher=$!
}
run_start() {
    "$MILLRACE" stream run "$follow" --db "$db" --workers 2 --follow --bootstrap "$bootstrap" >>"$scratch/workers" 2>>"$scratch/run.err" &
    run=$!
}
alive() { kill -0 "$1" 2>/dev/null; }
crash() { kill -KILL "$1" 2>/dev/null; wait "$1" 2>/dev/null; }

# term PID: SIGTERM, once the process has come to handle it: one that was just started would die of it.
term() {
    for _ in $(seq 1000); do
        ((0x$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null || echo 0) >> 14 & 1)) && break
        alive "$1" || break
        sleep 0.01
    done
    kill -TERM "$1" 2>/dev/null
}

# Kills the publisher two times out of three, the run else, and starts it again.
followers_kill() {
    if ((RANDOM % 3)); then
        crash $publisher
        publisher_start
    else
        crash $run
        run_start
    fi
    killed=$((${killed:-0} + 1))
}
followers_check() { # neither has ended by itself
    if ! alive $publisher; then wait $publisher; die "publish ended with $?: $(tail -3 "$scratch/publish.err")"; fi
    if ! alive $run; then wait $run; die "run ended with $?: $(tail -3 "$scratch/run.err")"; fi
}
publisher_stop() {
    term $publisher
    wait $publisher || fail "publish --follow ended with $? after SIGTERM: $(tail -3 "$scratch/publish.err")"
}
followers_stop() {
    publisher_stop
    term $run
    wait $run || fail "run --follow ended with $? after SIGTERM: $(tail -3 "$scratch/run.err")"
}
run_rest() { # what is left, without --follow: it ends by itself
    timeout 30 "$MILLRACE" stream run "$follow" --db "$db" --bootstrap "$bootstrap" >/dev/null 2>"$scratch/err" || fail "run: $? $(cat "$scratch/err")"
}
batch_equal() { # FOLDER: the warehouse is that of a batch over it
    rm -f "$scratch/batch.db"
    "$MILLRACE" etl run "$follow" --in "$1" --db "$scratch/batch.db" 2>"$scratch/err" || fail "batch: $(cat "$scratch/err")"
    "$MILLRACE" warehouse compare "$scratch/batch.db" "$db" || fail "batch = stream"
}
