#!/usr/bin/env bash
# seed_programs.sh - the Python producer and consumer printed in the project's seed documents, unmodified.
#
# They want a broker on port 9092 and sleep five seconds between records, so they run for 18 seconds.
# Usage: seed_programs.sh DIRECTORY_OF_THE_DOCUMENTS
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
documents=${1:?usage: seed_programs.sh DIRECTORY}

# The n-th ```python block that imports the named class.
extract() {
    awk -v want="$1" '/^```python/{inside=1; text=""; next} /^```/{if (inside && index(text, want)) {printf "%s", text; exit} inside=0}
                      inside{text = text $0 "\n"}' "$documents"/*.txt
}
extract KafkaProducer >"$scratch/producer.py"
extract KafkaConsumer >"$scratch/consumer.py"
[ -s "$scratch/producer.py" ] && [ -s "$scratch/consumer.py" ] || die "no programs found in $documents"

port=9092 broker_start
for python in /usr/bin/python3 "${VENVS:-build/venv}/kafka-python-3.0.12/bin/python"; do
    [ -x "$python" ] || { fail "no $python: clients.sh makes it"; continue; }
    story "$("$python" -c 'import kafka; print("kafka-python", kafka.__version__)')"
    PYTHONUNBUFFERED=1 timeout 18 "$python" "$scratch/consumer.py" >"$scratch/consumed.txt" 2>"$scratch/consumer.err" &
    consumer=$!
    PYTHONUNBUFFERED=1 timeout 16 "$python" "$scratch/producer.py" >"$scratch/produced.txt" 2>"$scratch/producer.err"
    wait $consumer
    sent=$(wc -l <"$scratch/produced.txt") read=$(grep -c read "$scratch/consumed.txt")
    echo "  sent $sent, read $read"
    # the consumer may read what an earlier round left, never less than what was sent in this one
    [ "$sent" -ge 3 ] || { fail "the producer sent only $sent"; cat "$scratch/producer.err" >&2; }
    [ "$read" -ge $((sent - 1)) ] && [ "$read" -gt 0 ] || { fail "the consumer read $read of $sent"; cat "$scratch/consumer.err" >&2; }
done
broker_stop
done_testing
