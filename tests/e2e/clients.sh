#!/usr/bin/env bash
# clients.sh - real, unmodified Kafka clients against the broker: kcat and the Python clients of Debian
# and PyPI. Each client lives in a virtual environment under build/venv (made once). A client that
# cannot be installed or started is a failure, never a skip.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
. tests/e2e/lib_venv.sh

# client NAME SCRIPT PYTHON: the client's stories against a fresh broker.
client() {
    story "$1"
    broker_start
    timeout 120 "$3" "tests/e2e/clients/$2" "$bootstrap" "$1" || fail "$1"
    broker_stop
    rm -rf "$scratch/broker"
}

# client_beside NAME SCRIPT PYTHON: two at a time, each with a folder of its own; most of a story is waiting.
lanes=0
client_beside() {
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
    lanes=$((lanes + 1))
    (
        all=$scratch scratch=$scratch/$lanes failures=0
        trap finish EXIT # of this lane: its broker, its folder
        mkdir "$scratch"
        client "$@" >"$scratch/said" 2>&1
        cat "$scratch/said"
        cat "$scratch/broker.log" >>"$all/clients.log"
        [ "$failures" -eq 0 ] && echo "$1" >>"$all/good"
    ) &
}

kcat_stories() {
    story "kcat $(kcat -V 2>&1 | sed -n 's/.*librdkafka \([0-9.]*\).*/librdkafka \1/p')"
    broker_start
    seq 1 1000 | kcat -b "$bootstrap" -P -t kcat-lines || fail "kcat produces"
    [ "$(kcat -b "$bootstrap" -C -t kcat-lines -e -q | sort -n | tail -1)" = 1000 ] || fail "kcat consumes what it produced"
    for codec in gzip snappy lz4 zstd; do
        seq 1 500 | sed "s/^/$codec squeezes lines that are much alike /" | kcat -b "$bootstrap" -P -t "kcat-$codec" -z $codec ||
            fail "kcat produces with $codec"
        [ "$(kcat -b "$bootstrap" -C -t "kcat-$codec" -e -q | wc -l)" = 500 ] || fail "kcat reads $codec back"
        # trap T5: with a Produce range that starts above 0 this client sends its batches uncompressed
        "$MILLRACE" dump-log "$scratch/broker/kcat-$codec-0/00000000000000000000.log" | grep -q "compresscodec: $codec " ||
            fail "kcat really compresses with $codec (T5)"
    done
    printf 'k1:v1\nk2:v2\n' | kcat -b "$bootstrap" -P -t kcat-keys -K: -H colour=blue
    [ "$(kcat -b "$bootstrap" -C -t kcat-keys -e -q -f '%k=%s/%h\n' | head -1)" = "k1=v1/colour=blue" ] || fail "keys and headers survive"
    [ "$(kcat -b "$bootstrap" -C -t kcat-lines -o -3 -e -q | wc -l)" = 3 ] || fail "kcat reads the last three"
    timeout 30 kcat -b "$bootstrap" -G kcat-group -X auto.offset.reset=earliest -e -q kcat-lines >"$scratch/group.txt" 2>/dev/null
    [ "$(wc -l <"$scratch/group.txt")" = 1000 ] || fail "a group of one reads all: $(wc -l <"$scratch/group.txt")"
    seq 1 100 | kcat -b "$bootstrap" -P -t kcat-idempotent -X enable.idempotence=true || fail "kcat, idempotent"
    [ "$(kcat -b "$bootstrap" -C -t kcat-idempotent -e -q | wc -l)" = 100 ] || fail "kcat reads the idempotent records"
    kcat -b "$bootstrap" -L -J | grep -q '"kcat-lines"' || fail "kcat lists topics"
    broker_stop
    rm -rf "$scratch/broker"
}

kcat_stories
client_beside "kafka-python $($python -c 'import kafka; print(kafka.__version__)') of Debian" kafka_python.py $python
client_beside "confluent-kafka $($python -c 'import confluent_kafka; print(confluent_kafka.version()[0])') of Debian" confluent.py $python
while read -r name script packages; do
    # shellcheck disable=SC2086
    interpreter=$(venv "$name" $packages) || { fail "cannot install $packages"; continue; }
    client_beside "$name" "$script" "$interpreter"
done <<EOF
kafka-python-2.0.2 kafka_python.py kafka-python==2.0.2 $codecs
kafka-python-ng-2.2.3 kafka_python.py kafka-python-ng==2.2.3 $codecs
kafka-python-2.2.21 kafka_python.py kafka-python==2.2.21 $codecs
kafka-python-3.0.12 kafka_python.py kafka-python==3.0.12 $codecs
confluent-kafka-2.16.1 confluent.py confluent-kafka==2.16.1
aiokafka-0.14.0 aiokafka_client.py aiokafka==0.14.0 cramjam
EOF
wait
[ "$(wc -l <"$scratch/good")" = "$lanes" ] || fail "of $lanes clients only these are well: $(cat "$scratch/good")"
done_testing
