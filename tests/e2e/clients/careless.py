"""Real clients with timeouts from nothing to hours: each reads what was written, or is told what is wrong.

careless.py HOST:PORT
"""
import sys
import time

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer
from kafka import KafkaConsumer, KafkaProducer

RECORDS = 50
bootstrap = sys.argv[1]
HOUR_MS = 3600 * 1000


def rdkafka_produce(topic, **options):
    failed = []
    p = Producer({"bootstrap.servers": bootstrap, **options})
    for i in range(RECORDS):
        p.produce(topic, str(i), on_delivery=lambda error, _: failed.append(error) if error else None)
    assert p.flush(30) == 0, f"{options}: not all was sent"
    return failed


def rdkafka_consume(topic, group, **options):
    """Values until all have come, or the first error that the client itself calls fatal for its group."""
    c = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", **options})
    c.subscribe([topic])
    values, until = [], time.monotonic() + 20
    try:
        while len(values) < RECORDS:
            assert time.monotonic() < until, f"{options}: {len(values)} of {RECORDS} records"
            m = c.poll(0.2)
            if m is None:
                continue
            if m.error():
                raise KafkaException(m.error())
            values.append(m.value().decode())
    finally:
        c.close()
    assert sorted(map(int, values)) == list(range(RECORDS)), f"{options}: {values}"


def rdkafka():
    assert not rdkafka_produce("rd", **{"linger.ms": 0, "request.timeout.ms": HOUR_MS // 4, "message.timeout.ms": 2**31 - 1,
                                        "socket.timeout.ms": 300000, "acks": "all"})
    # a millisecond: some come through and some do not, and the broker does not mind
    rdkafka_produce("rd-hasty", **{"request.timeout.ms": 1, "message.timeout.ms": 1, "acks": "all"})
    assert not rdkafka_produce("rd-hasty", **{"request.timeout.ms": 1, "message.timeout.ms": 0, "acks": "all"})
    hasty = {"fetch.wait.max.ms": 0, "fetch.error.backoff.ms": 0, "heartbeat.interval.ms": 1, "auto.commit.interval.ms": 1}
    patient = {"fetch.wait.max.ms": 290000, "fetch.min.bytes": 1, "session.timeout.ms": 1800000,
               "max.poll.interval.ms": 24 * HOUR_MS, "socket.timeout.ms": 300000, "heartbeat.interval.ms": 3000}
    millisecond = {"fetch.wait.max.ms": 1, "fetch.min.bytes": 100000000, "session.timeout.ms": 6000}
    for i, options in enumerate((hasty, patient, millisecond)):
        rdkafka_consume("rd", f"rd-{i}", **options)
    for session_ms in (1, HOUR_MS):
        try:
            rdkafka_consume("rd", "rd-refused", **{"session.timeout.ms": session_ms, "heartbeat.interval.ms": 1,
                                                  "max.poll.interval.ms": 2 * HOUR_MS})
            raise AssertionError(f"a session of {session_ms} ms was taken")
        except KafkaException as error:
            assert error.args[0].code() == confluent_kafka.KafkaError.INVALID_SESSION_TIMEOUT, error


def python_consume(topic, group, **options):
    c = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", **options)
    values, until = [], time.monotonic() + 20
    while len(values) < RECORDS:
        assert time.monotonic() < until, f"{options}: {len(values)} of {RECORDS} records"
        for records in c.poll(timeout_ms=200).values():
            values += [int(r.value) for r in records]
    c.close()
    assert sorted(values) == list(range(RECORDS)), f"{options}: {values}"


def kafka_python():
    p = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=0, request_timeout_ms=2 * HOUR_MS, acks="all",
                      connections_max_idle_ms=3 * HOUR_MS)
    for i in range(RECORDS):
        p.send("py", str(i).encode())
    p.flush(30)
    p.close()
    python_consume("py", "py-0", fetch_max_wait_ms=0, heartbeat_interval_ms=1, auto_commit_interval_ms=1,
                   retry_backoff_ms=1, reconnect_backoff_ms=1)
    python_consume("py", "py-1", fetch_max_wait_ms=1, fetch_min_bytes=2**31 - 1, session_timeout_ms=6000)
    python_consume("py", "py-2", fetch_max_wait_ms=HOUR_MS, session_timeout_ms=1800000, heartbeat_interval_ms=1000,
                   max_poll_interval_ms=24 * HOUR_MS, request_timeout_ms=2 * HOUR_MS, connections_max_idle_ms=3 * HOUR_MS)
    python_consume("py", None, fetch_max_wait_ms=0, fetch_max_bytes=1, max_partition_fetch_bytes=1)


rdkafka()
kafka_python()
