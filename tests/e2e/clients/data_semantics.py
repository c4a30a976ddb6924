"""Retention, rolling, timestamps, size and codecs as a producer and a consumer meet them. Debian's confluent-kafka."""
import glob
import os
import sys
import time

from confluent_kafka import (TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaError, Producer,
                             TopicPartition)
from confluent_kafka.admin import AdminClient, NewTopic

bootstrap, log_dir = sys.argv[1:]
admin = AdminClient({"bootstrap.servers": bootstrap})
now = int(time.time() * 1000)
HOUR = 3600 * 1000
failures = []


def expect(ok, what):
    if not ok:
        failures.append(what)
        print(f"data_semantics.py: {what}", file=sys.stderr)


def create(topic, **config):
    config = {key.replace("_", "."): value for key, value in config.items()}
    admin.create_topics([NewTopic(topic, 1, 1, config=config)])[topic].result(20)


def produce(topic, values, timestamp=None, codec="none"):
    """Each value in a batch of its own; the error code of each, 0 for none."""
    codes = []
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "batch.num.messages": 1,
                         "message.max.bytes": 4000000, "retries": 0})
    for value in values:
        extra = {} if timestamp is None else {"timestamp": timestamp}
        producer.produce(topic, value, callback=lambda e, _: codes.append(e.code() if e else 0), **extra)
        producer.flush(20)
    return codes


def begin_and_end(topic):
    c = Consumer({"bootstrap.servers": bootstrap, "group.id": "none"})
    found = c.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    c.close()
    return found


def consume(topic, count):
    c = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False})
    begin, _ = c.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    c.assign([TopicPartition(topic, 0, begin)])
    got, until = [], time.time() + 10
    while len(got) < count and time.time() < until:
        got += [m for m in c.consume(count, timeout=0.5) if not m.error()]
    c.close()
    return got


def becomes(topic, wanted, what):
    """Retention is checked every 200 ms."""
    until = time.time() + 10
    while begin_and_end(topic) != wanted and time.time() < until:
        time.sleep(0.1)
    expect(begin_and_end(topic) == wanted, f"{what}: {begin_and_end(topic)}, not {wanted}")


def segments(topic):
    return len(glob.glob(os.path.join(log_dir, f"{topic}-0", "*.log")))


print("  retention by time, old and new records (T52), and for ever")
create("aged", retention_ms="60000")
create("kept", retention_ms="-1", retention_bytes="-1")
for topic in ("aged", "kept"):
    expect(produce(topic, [b"old"] * 3, now - HOUR) == [0, 0, 0], f"old records in {topic}")
becomes("aged", (3, 3), "old records go at the next check, with the active segment")
expect(produce("aged", [b"new"]) == [0] and begin_and_end("aged") == (3, 4), "offsets go on, new records stay")

print("  retention by size, and by whichever of both comes first")
create("sized", retention_bytes="30000", retention_ms="-1", segment_bytes="1048576", internal_segment_bytes="10000")
both = {"retention_bytes": "30000", "retention_ms": "600000", "internal_segment_bytes": "10000"}
create("both-old", **both)
create("both-large", **both)
produce("sized", [b"x" * 2000] * 40)
produce("both-large", [b"x" * 2000] * 40)
produce("both-old", [b"x" * 2000] * 3, now - HOUR)
expect(segments("kept") == 1, "a small topic has one segment")
for topic in ("sized", "both-large"):
    until = time.time() + 10
    while begin_and_end(topic)[0] == 0 and time.time() < until:
        time.sleep(0.1)
    begin, end = begin_and_end(topic)
    expect(end == 40 and 2000 * (end - begin) >= 30000 - 2100, f"{topic}: at least 30,000 bytes stay: from {begin}")
    expect(2000 * (end - begin) <= 42000, f"{topic}: and not a segment more: from {begin}")
becomes("both-old", (3, 3), "little that is old goes by time, for all that it is little")

print("  segments roll by size and by time")
create("rolled", internal_segment_bytes="10000", retention_ms="-1")
produce("rolled", [b"x" * 3000] * 9)
expect(segments("rolled") == 3, f"three records of 3,000 bytes a segment: {segments('rolled')}")
create("timed", segment_ms="1000", retention_ms="-1")
for at in (0, 500, 1000, 1001, 2002):
    produce("timed", [b"x"], now - HOUR + at)
expect(segments("timed") == 3, f"a segment a second, by record time: {segments('timed')}")

print("  timestamps: the producer's within bounds, or the broker's (T21)")
create("bounded", message_timestamp_before_max_ms=str(2 * HOUR), retention_ms="-1")
expect(produce("bounded", [b"x"], now - HOUR) == [0], "an hour ago is within bounds")
expect(produce("bounded", [b"x"], now - 3 * HOUR) == [KafkaError.INVALID_TIMESTAMP], "three hours ago is not")
expect(produce("bounded", [b"x"], now + 2 * HOUR) == [KafkaError.INVALID_TIMESTAMP], "nor is the future (1 h)")
expect([m.timestamp() for m in consume("bounded", 1)] == [(TIMESTAMP_CREATE_TIME, now - HOUR)], "its own time comes back")
create("stamped", message_timestamp_type="LogAppendTime")
expect(produce("stamped", [b"x"], 1000, "lz4") == [0], "any time will do where it does not count")
kind, at = consume("stamped", 1)[0].timestamp()
expect(kind == TIMESTAMP_LOG_APPEND_TIME and abs(at - now) < 60000, f"the broker's time: {kind} {at}")

print("  max.message.bytes (T24)")
create("small", max_message_bytes="5000")
expect(produce("small", [b"x" * 4000, b"x" * 6000]) == [0, KafkaError.MSG_SIZE_TOO_LARGE], "6,000 bytes are too many")
expect(produce("small", [b"x" * 6000], codec="gzip") == [0], "unless they are small when compressed")

print("  compression.type: every codec into every other, and back")
codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
for stored in ["producer", "uncompressed"] + codecs[1:]:
    topic = f"codec-{stored}"
    create(topic, compression_type=stored)
    for sent in codecs:
        expect(produce(topic, [b"squeeze " * 100 + sent.encode()], codec=sent) == [0], f"{sent} into {stored}")
    got = [m.value() for m in consume(topic, 5)]
    expect(got == [b"squeeze " * 100 + c.encode() for c in codecs], f"what {topic} gives back")
sys.exit(1 if failures else 0)
