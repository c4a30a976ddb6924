"""Two clients that write down what the broker promised them, and the judge of it.

ledger.py produce|commit HOST:PORT TOPIC LEDGER   until SIGTERM
ledger.py judge HOST:PORT TOPIC PRODUCED COMMITTED

The producer is idempotent: record i of a partition has the value i. A line `PARTITION VALUE OFFSET` is
written when the record was acknowledged. The consumer writes `PARTITION OFFSET` when a commit came back.
"""
import signal
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition

PARTITIONS = 3
RECONNECT = {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "log_level": 2}
ended = False


def end(*_):
    global ended
    ended = True


def produce(bootstrap, topic, ledger):
    out = open(ledger, "w", buffering=1)

    def delivered(error, message):
        if error is None:
            out.write(f"{message.partition()} {message.value().decode()} {message.offset()}\n")
        else:
            out.write(f"error {error}\n")

    p = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 2,
                  "message.timeout.ms": 60000, **RECONNECT})
    i = 0
    while not ended:
        for partition in range(PARTITIONS):
            p.produce(topic, str(i), partition=partition, on_delivery=delivered)
        i += 1
        p.poll(0)
        if len(p) > 1000:
            p.poll(0.05)
        if i % 20 == 0:
            time.sleep(0.005)
    left = p.flush(30)
    out.write(f"end {i} left {left}\n")


def consumer(bootstrap, **more):
    return Consumer({"bootstrap.servers": bootstrap, "group.id": "ledger", "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, "session.timeout.ms": 6000, **RECONNECT, **more})


def commit(bootstrap, topic, ledger):
    out = open(ledger, "w", buffering=1)
    c = consumer(bootstrap)
    c.subscribe([topic])
    at = {}
    while not ended:
        for message in c.consume(50, 0.1):
            if message.error() is None:
                at[message.partition()] = message.offset() + 1
        try:
            done = c.commit(offsets=[TopicPartition(topic, p, o) for p, o in at.items()], asynchronous=False) if at else []
        except Exception:  # the broker is away, or the group is being formed anew
            at = {}
            continue
        for t in done:
            if t.error is None:
                out.write(f"{t.partition} {t.offset}\n")
    c.close()


def read_all(bootstrap, topic):
    """offset -> value, of each partition."""
    c = consumer(bootstrap, **{"enable.partition.eof": True, "group.id": "judge"})
    c.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
    found = [{} for _ in range(PARTITIONS)]
    ends, until = set(), time.monotonic() + 30
    while len(ends) < PARTITIONS and time.monotonic() < until:
        for message in c.consume(1000, 0.2):
            if message.error() is not None:
                ends.add(message.partition())
            else:
                found[message.partition()][message.offset()] = int(message.value())
    c.close()
    assert len(ends) == PARTITIONS, f"only partitions {ends} could be read to their end"
    return found


def judge(bootstrap, topic, produced, committed):
    found = read_all(bootstrap, topic)
    acked = 0
    for line in open(produced):
        word = line.split()
        assert word[0] != "error", line
        if word[0] == "end":
            assert word[3] == "0", f"records that were never answered: {line}"
            continue
        partition, value, offset = map(int, word)
        assert found[partition].get(offset) == value, \
            f"partition {partition}: {value} was acknowledged at {offset}, {found[partition].get(offset)} is there"
        acked += 1
    for partition, records in enumerate(found):
        values = [records[o] for o in sorted(records)]
        assert values == list(range(len(values))), f"partition {partition}: not every record once and in order"
    c = consumer(bootstrap)
    now = {t.partition: t.offset for t in c.committed([TopicPartition(topic, p) for p in range(PARTITIONS)], 20)}
    c.close()
    commits = 0
    for line in open(committed):
        partition, offset = map(int, line.split())
        assert now[partition] >= offset, f"partition {partition}: {offset} was committed, the group is at {now[partition]}"
        commits += 1
    print(f"  {acked} records and {commits} commits were acknowledged, all are there")
    assert acked > 100 and commits > 10, "too little happened to judge"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    {"produce": produce, "commit": commit, "judge": judge}[sys.argv[1]](*sys.argv[2:])
