#!/usr/bin/env bash
# data_semantics.sh - retention, rolling, timestamps, size and codecs through a real client, and what is in the files then.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

broker_start -o log.retention.check.interval.ms=200 -o log.initial.task.delay.ms=0
story "confluent-kafka of Debian"
timeout 100 /usr/bin/python3 tests/e2e/clients/data_semantics.py "$bootstrap" "$scratch/broker" || fail "the client"

story "stored in the topic's codec, whatever was sent"
for codec in gzip snappy lz4 zstd uncompressed; do
    name=$codec
    [ $codec = uncompressed ] && name=none
    count=$("$MILLRACE" dump-log "$scratch/broker/codec-$codec-0/00000000000000000000.log" | grep -c "compresscodec: $name ")
    [ "$count" = 5 ] || fail "$count of 5 batches of codec-$codec are stored with $name"
done
kinds=$("$MILLRACE" dump-log "$scratch/broker/codec-producer-0/00000000000000000000.log" | grep -o "compresscodec: [a-z0-9]* " | sort -u | wc -l)
[ "$kinds" = 5 ] || fail "codec-producer has $kinds codecs, not five"
broker_stop

story "old records are not there after a start either, and those for ever are"
broker_restart -o log.retention.check.interval.ms=200
[ "$(kcat -b "$bootstrap" -C -t kept -o beginning -e -q | grep -c old)" = 3 ] || fail "records that are kept for ever"
[ "$(kcat -b "$bootstrap" -C -t aged -o beginning -e -q)" = new ] || fail "records that were old"
broker_stop
done_testing
