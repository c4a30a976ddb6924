#!/usr/bin/env bash
# test-peer.sh [TARGET [STAGE...]] - the pipelines' end-to-end tests against another broker (default: apache-kafka), to show that they
# need nothing of ours but Kafka's protocol. `make test-peer`.
#
# A cluster of its own for each stage of tests/e2e: that of bench/targets/TARGET.json, started by `millrace bench target`; the stage
# finds it in PEER_BOOTSTRAP. Stages that kill, restart or configure our broker are not among them. Not a part of `make test`: a peer comes
# from other places than Debian.
set -u
cd "$(dirname "$0")/.."
millrace=${MILLRACE:-build/millrace}
target=${1:-apache-kafka}
shift || true
stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(stream_equality workloads shop formats values keys late_records several_sources outputs
    stream_follow stream_follow_documents stream_follow_table stream_whole stream_growth stream_probe es_store
    es_shop)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/millrace-peer.XXXXXX")
server=
stop() {
    [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null; wait "$server"; }
    server=
}
trap 'stop; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# Leaves "HOST:PORT" in $bootstrap.
start() {
    bootstrap=
    : >"$scratch/out"
    "$millrace" bench target "$target" --folder "$scratch/data" >"$scratch/out" 2>"$scratch/err" &
    server=$!
    while kill -0 "$server" 2>/dev/null; do
        read -r _ bootstrap _ <"$scratch/out" && break
        sleep 0.1
    done
    [ -n "$bootstrap" ] && first_group && return
    cat "$scratch/err" >&2
    exit 2
}

# The first group that a fresh Apache Kafka has waits for seconds: the broker makes the 50 partitions of its offsets topic
# then. That is nothing that a stage asks about.
first_group() {
    echo hello | timeout 60 kcat -b "$bootstrap" -P -t first-group 2>>"$scratch/err" &&
        timeout 60 kcat -b "$bootstrap" -G first-group -X auto.offset.reset=earliest -c 1 -q first-group >/dev/null 2>>"$scratch/err"
}

passed=0 failed=0
for stage in "${stages[@]}"; do
    begin=$(date +%s)
    start
    if PEER_BOOTSTRAP=$bootstrap timeout 300 bash "tests/e2e/$stage.sh" >"$scratch/log" 2>&1; then
        passed=$((passed + 1)) result=ok
    else
        failed=$((failed + 1)) result=FAIL
    fi
    stop
    printf '%-5s %-28s %4d s\n' "$result" "$stage" $(($(date +%s) - begin))
    [ "$result" = ok ] || { grep FAIL "$scratch/log"; tail -15 "$scratch/log"; } | sed 's/^/      | /'
done
echo "$passed passed, $failed failed against $target"
[ "$failed" -eq 0 ]
