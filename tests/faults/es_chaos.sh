#!/usr/bin/env bash
# The event store behind a network that delays, cuts and loses, with a broker that is killed every few seconds: five writers, commands,
# readers and views, all killed, too. Then a model in Python, written from the documentation, reads the log: what each
# was told, `es read`, `fold`, `replay`, `history`, `list` and the views must be what the model says. (SECONDS SEED)
. tests/e2e/lib.sh
seconds=${1:-15} seed=${2:-1}
kills=$(seq -s, 4 7 "$seconds" | sed 's/,/s,/g; s/$/s/')
"$MILLRACE" chaos --listen 127.0.0.1:0 --seed "$seed" --delay 0..3ms --cut 0.3% --cut-response 0.7% --drop-response 0.02% \
    --partition 1s@6s --at "$kills" --down 500ms -- "$MILLRACE" broker -o listeners=PLAINTEXT://127.0.0.1:0 \
    -o "log.dirs=$scratch/broker" >"$scratch/chaos.out" 2>"$scratch/chaos.log" &
chaos=$!
for _ in $(seq 500); do
    behind=$(sed -n '1s/^ready //p' "$scratch/chaos.out")
    [ -n "$behind" ] && break
    sleep 0.02
done
[ -n "$behind" ] || die "chaos: $(tail -3 "$scratch/chaos.log")"
export MILLRACE
"$MILLRACE" topic create chaos --partitions 3 --bootstrap "$behind" >/dev/null 2>&1 || fail "create"
timeout 170 /usr/bin/python3 tests/faults/es_chaos.py "$behind" chaos "$seconds" "$seed" "$scratch" >"$scratch/told" || fail "nobody was done: $(tail -3 "$scratch/told")"
kill -TERM $chaos
wait $chaos || fail "chaos: $(tail -3 "$scratch/chaos.log")"
story "$(cat "$scratch/told")"
story "$(grep -E 'kills$' "$scratch/chaos.out")"
broker_start
/usr/bin/python3 tests/faults/es_chaos_judge.py "$bootstrap" chaos "$scratch" >"$scratch/judged" || fail "seed $seed: $(tail -22 "$scratch/judged")"
story "$(tail -1 "$scratch/judged")"
broker_stop
done_testing
