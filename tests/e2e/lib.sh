# lib.sh - what every end-to-end script needs: the program, a scratch folder, a broker of its own.
#
# Usage: . tests/e2e/lib.sh   (from the repository root; MILLRACE names the program)
# A script that sources this gets $scratch (removed at the end), broker_start / broker_stop /
# broker_kill / broker_restart, $bootstrap, story, pass, fail. Servers are stopped by their pid, always.

set -u
MILLRACE=${MILLRACE:-build/millrace}
case $MILLRACE in /*) ;; *) MILLRACE=$PWD/$MILLRACE ;; esac
[ -x "$MILLRACE" ] || { echo "no program at $MILLRACE: run make first" >&2; exit 2; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/millrace-e2e.XXXXXX")
broker_pid=
bootstrap=
failures=0

story() { printf -- '- %s\n' "$*"; }
fail() { printf 'FAIL %s\n' "$*" >&2; failures=$((failures + 1)); }
die() { fail "$*"; [ -f "$scratch/broker.log" ] && tail -20 "$scratch/broker.log" >&2; exit 1; }

# broker_start [-o key=value ...]: on a free port (or $port), data in $scratch/broker; waits for `ready HOST:PORT`.
# With PEER_BOOTSTRAP the cluster there is used, whatever it is (scripts/test-peer.sh).
broker_start() {
    if [ -n "${PEER_BOOTSTRAP:-}" ]; then
        bootstrap=$PEER_BOOTSTRAP
        return 0
    fi
    : >"$scratch/broker.out"
    "$MILLRACE" broker -o "listeners=PLAINTEXT://127.0.0.1:${port:-0}" -o "log.dirs=$scratch/broker" \
        -o group.initial.rebalance.delay.ms=0 "$@" >"$scratch/broker.out" 2>>"$scratch/broker.log" &
    broker_pid=$!
    for _ in $(seq 500); do
        bootstrap=$(sed -n '1s/^ready //p' "$scratch/broker.out")
        [ -n "$bootstrap" ] && return 0
        kill -0 "$broker_pid" 2>/dev/null || die "the broker ended before it was ready"
        sleep 0.02
    done
    die "the broker was not ready within 10 seconds"
}

broker_stop() { # cleanly; fails when it does not end with status 0
    [ -n "$broker_pid" ] || return 0
    kill -TERM "$broker_pid" 2>/dev/null
    wait "$broker_pid"
    status=$?
    broker_pid=
    [ "$status" -eq 0 ] || fail "the broker ended with status $status after SIGTERM: $(tail -5 "$scratch/broker.log")"
}

broker_kill() { # as a crash would
    kill -KILL "$broker_pid" 2>/dev/null
    wait "$broker_pid" 2>/dev/null
    broker_pid=
}

# Starts again on the same port, so that clients find it where it was.
broker_restart() {
    port=${bootstrap##*:}
    broker_start "$@"
}

# unchanged DB BEFORE: the same file as its copy BEFORE, or one more run that failed and nothing else; that is the copy then
unchanged() {
    cmp -s "$1" "$2" && return
    [ "$(sqlite3 "$1" "SELECT status FROM etl_runs ORDER BY run DESC LIMIT 1")" = failed ] || return
    "$MILLRACE" warehouse compare "$1" "$2" >/dev/null || return
    cp "$1" "$2"
}

# sales_make FOLDER ROWS IDS: three CSV files of so many sales each, with ids below IDS, and one line that is not UTF-8.
sales_make() {
    python3 - "$@" <<'PYTHON' || die "no input"
import csv, random, sys
folder, rows, ids = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(5)
names = ["Anna", "", 'say "hi"', "semi;colon, comma", "two\nlines", "Zoë", "\\N", " blank ", "-1"]
for file in range(3):
    with open(f"{folder}/{file}.csv", "w", encoding="utf-8", newline="") as f:
        w = csv.writer(f)
        w.writerow(["id", "who", "price", "at"])
        for i in range(rows):
            price = random.choice(["", "0", f"{random.randrange(-9999, 99999) / 1000:.3f}"])
            w.writerow([random.randrange(ids), random.choice(names), price, f"2024-{1 + i // 100:02}-{1 + i % 25:02} 10:00:0{file}"])
with open(f"{folder}/z.csv", "wb") as f: f.write(b"id,who,price,at\n1,caf\xe9,1,2024-01-01 00:00:00\n")
PYTHON
}

finish() {
    [ -z "$broker_pid" ] || broker_kill
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

done_testing() {
    # a build with a sanitizer: a finding counts also when the broker was killed afterwards
    if grep -hE -A20 'ERROR: [A-Za-z]*Sanitizer|WARNING: ThreadSanitizer|: runtime error:' "$scratch"/*.log 2>/dev/null; then
        fail "a sanitizer found something"
    fi
    if [ "$failures" -eq 0 ]; then echo "ok: $0"; exit 0; fi
    echo "FAILED ($failures): $0" >&2
    exit 1
}
