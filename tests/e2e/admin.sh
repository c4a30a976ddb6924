#!/usr/bin/env bash
# admin.sh - topics and configs administered: `millrace topic|config` with a table and with JSON, and the admin clients
# of confluent-kafka and kafka-python; what was altered counts at once and is there after a crash.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
. tests/e2e/lib_venv.sh

# millrace SUBCOMMAND ..., its output in $scratch/out, its complaint in $scratch/err
run() { timeout 30 "$MILLRACE" "$@" --bootstrap "$bootstrap" >"$scratch/out" 2>"$scratch/err"; }
done_well() { run "$@" || fail "$*: status $?: $(cat "$scratch/err")"; }
refused() { # TEXT SUBCOMMAND ...
    local text=$1 status
    shift
    run "$@"
    status=$?
    [ $status -eq 2 ] || fail "$*: status $status, not 2"
    grep -qF -- "$text" "$scratch/err" || fail "$*: no \"$text\" in: $(cat "$scratch/err")"
}
says() { grep -qE -- "$1" "$scratch/out" || fail "no \"$1\" in: $(cat "$scratch/out")"; }
# json EXPRESSION: true of `lines`, the objects that were printed
json() {
    $python -c 'import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
sys.exit(not eval(sys.argv[2]))' "$scratch/out" "$1" || fail "not ($1): $(cut -c1-400 "$scratch/out")"
}

broker_start -o log.retention.hours=48
story "a topic is described and altered"
done_well topic create orders --partitions 2 -c retention.ms=70000
seq 1 10 | kcat -b "$bootstrap" -P -t orders -p 1 || fail "produce"
done_well topic describe orders
says '^orders: 2 partitions, id [A-Za-z0-9_-]{22}$'
says 'config retention.ms=70000'
says '^ +1 +1 1 +1 +0 +10$'
done_well topic alter orders --partitions 4 -c segment.ms=60000 --delete-config retention.ms
done_well topic describe orders --format json
json 'len(lines[0]["partitions"]) == 4 and lines[0]["partitions"][1]["end"] == 10'
json 'lines[0]["configs"]["segment.ms"]["source"] == "DYNAMIC_TOPIC_CONFIG"'
json '[s["name"] for s in lines[0]["configs"]["retention.ms"]["synonyms"]] == ["log.retention.hours"] * 2'
json 'lines[0]["configs"]["retention.ms"]["value"] == "172800000"'
refused "currently has 4 partition(s)" topic alter orders --partitions 3
refused "Unknown topic config name: no.such" topic alter orders --partitions 9 -c no.such=1
done_well topic describe orders
says '^orders: 4 partitions' # neither was done
refused "UNKNOWN_TOPIC_OR_PARTITION" topic describe nowhere
refused "nothing to alter" topic alter orders
refused "usage:" topic describe

story "configs of a topic, of a broker and of all brokers"
done_well config set --topic orders max.message.bytes=2000 --append cleanup.policy=compact
done_well config get --topic orders max.message.bytes cleanup.policy
says '^cleanup.policy +delete,compact +DYNAMIC_TOPIC_CONFIG$'
done_well config set --topic orders --subtract cleanup.policy=compact --delete max.message.bytes
done_well config set --topic orders segment.ms=5 --validate-only
done_well config get --topic orders --format json
json '{l["key"]: l["config"]["value"] for l in lines}["cleanup.policy"] == "delete" and len(lines) == 33'
json '{l["key"]: l["config"]["value"] for l in lines}["segment.ms"] == "60000"'
done_well config set --cluster-default message.max.bytes=900000
done_well config set --broker 1 message.max.bytes=800000
done_well config get --broker 1 message.max.bytes num.partitions
says '^message.max.bytes +800000 +DYNAMIC_BROKER_CONFIG$'
says '^num.partitions +1 +DEFAULT_CONFIG \(read-only\)$'
done_well config get --cluster-default
says '^message.max.bytes +900000 +DYNAMIC_DEFAULT_BROKER_CONFIG$'
refused "Cannot update these configs dynamically: Set(num.partitions)" config set --broker 1 num.partitions=3
refused "there is no broker 7" config get --broker 7
refused "is not a config that is set or known there" config get --topic orders retention
refused "INVALID_CONFIG: Invalid value soon" config set --topic orders segment.ms=soon
refused "is not key=value" config set --topic orders segment.ms
refused "says whose configs" config get

story "what was altered is there after kill -9, and counts"
broker_kill
broker_restart -o log.retention.hours=48
done_well config get --topic orders max.message.bytes segment.ms --format json
json '[l["config"]["value"] for l in lines] == ["800000", "60000"]'
done_well topic describe orders --format json
json 'len(lines[0]["partitions"]) == 4 and lines[0]["partitions"][1]["end"] == 10'
done_well config set --topic orders max.message.bytes=3000
head -c 20000 /dev/urandom | base64 -w0 | kcat -b "$bootstrap" -P -t orders -X message.timeout.ms=5000 2>"$scratch/err" &&
    fail "a batch above max.message.bytes is accepted"
grep -q "too large" "$scratch/err" || fail "it said: $(cat "$scratch/err")"
done_well config set --topic orders --delete max.message.bytes
head -c 20000 /dev/urandom | base64 -w0 | kcat -b "$bootstrap" -P -t orders || fail "it is not accepted afterwards"

story "limits of connections change while it runs"
done_well config set --cluster-default max.connections=1
exec 9<>"/dev/tcp/${bootstrap%:*}/${bootstrap##*:}" # the only one
refused "closed the connection" config get --cluster-default
exec 9>&-
for _ in $(seq 50); do run config set --cluster-default --delete max.connections && break || sleep 0.1; done
done_well config get --cluster-default
broker_stop
rm -rf "$scratch/broker"
port=0

# client NAME SCRIPT PYTHON: the client's stories against a fresh broker
client() {
    story "$1"
    broker_start
    timeout 60 "$3" "tests/e2e/clients/$2" "$bootstrap" "$1" || fail "$1"
    broker_stop
    broker_restart # whatever it has set
    broker_stop
    port=0
    rm -rf "$scratch/broker"
}
client "confluent-kafka of Debian" admin_confluent.py $python
client "kafka-python of Debian" admin_kafka_python.py $python
# shellcheck disable=SC2086
while read -r name script packages; do
    interpreter=$(venv "$name" $packages) || { fail "cannot install $packages"; continue; }
    client "$name" "$script" "$interpreter"
done <<EOF
kafka-python-3.0.12 admin_kafka_python.py kafka-python==3.0.12 $codecs
confluent-kafka-2.16.1 admin_confluent.py confluent-kafka==2.16.1
EOF
done_testing
