"""What many_partitions.sh does with 6,000 partitions: one topic of 5,000 and 100 topics of 10.

many_partitions.py create HOST:PORT          make them
many_partitions.py produce HOST:PORT ROUND N a record "TOPIC PARTITION ROUND" to each of the first N
many_partitions.py read HOST:PORT N          the records of round 0, and of round 1 of the first N: once each, in order
many_partitions.py delete HOST:PORT          while all are read, long-polled and looked up by time, and one reader is deaf
many_partitions.py canary HOST:PORT          produces and fetches one record at a time until SIGTERM; prints the pauses
"""
import os
import signal
import socket
import struct
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

TOPICS = {"wide": 5000, **{f"narrow-{i}": 10 for i in range(100)}}
PARTITIONS = [(t, p) for t, n in TOPICS.items() for p in range(n)]
QUIET = {"log_level": 2, "socket.timeout.ms": 120000}
PAUSE_MAX_S = 2.0  # of the canary; standing still for seconds is what it is there for


def admin(bootstrap):
    return AdminClient({"bootstrap.servers": bootstrap, **QUIET})


def create(bootstrap):
    client = admin(bootstrap)
    begin = time.time()
    for future in client.create_topics([NewTopic(t, n, 1) for t, n in TOPICS.items()], request_timeout=120).values():
        future.result()
    took = time.time() - begin
    found = client.list_topics(timeout=30).topics
    for topic, count in TOPICS.items():
        leaders = [p.leader for p in found[topic].partitions.values()]
        assert len(leaders) == count and min(leaders) >= 0, f"{topic} has {len(leaders)} leaders"
    print(f"  {len(PARTITIONS)} partitions made in {took:.1f} s")


def produce(bootstrap, number, count):
    failed = []
    client = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 5,
                       "queue.buffering.max.messages": 1000000, **QUIET})
    begin = time.time()
    for topic, partition in PARTITIONS[:count]:
        client.produce(topic, f"{topic} {partition} {number}", partition=partition,
                       on_delivery=lambda error, _: error and failed.append(error))
        client.poll(0)
    left = client.flush(60)
    assert left == 0 and not failed, f"{left} records left, {len(failed)} failed: {failed[:1]}"
    print(f"  {min(count, len(PARTITIONS))} records written in {time.time() - begin:.1f} s")


def consumer(bootstrap, partitions, **more):
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False,
                       "fetch.wait.max.ms": 500, **QUIET, **more})
    client.assign([TopicPartition(t, p, 0) for t, p in partitions])
    return client


def read(bootstrap, twice):
    client = consumer(bootstrap, PARTITIONS)
    seen = {key: 0 for key in PARTITIONS}
    begin, left = time.time(), len(PARTITIONS) + twice
    while left:
        assert time.time() - begin < 60, f"{left} records did not come"
        for message in client.consume(1000, 1.0):
            if message.error():
                raise KafkaException(message.error())
            key = (message.topic(), message.partition())
            expected = f"{key[0]} {key[1]} {seen[key]}"
            assert message.offset() == seen[key] < 2 and message.value().decode() == expected, f"{expected}: {message.value()}"
            seen[key] += 1
            left -= 1
    print(f"  all {len(PARTITIONS) + twice} records read in {time.time() - begin:.1f} s")
    client.close()


# --- deletion ---

# A deleted topic, as the broker and as the client says it.
GONE = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_PARTITION, KafkaError._UNKNOWN_TOPIC, KafkaError._TRANSPORT)


class Reading(threading.Thread):
    """Reads and long-polls all of its partitions; that they go is the only error it may meet."""

    def __init__(self, bootstrap, partitions):
        super().__init__(daemon=True)
        self.client = consumer(bootstrap, partitions, **{"topic.metadata.refresh.interval.ms": 1000, "topic.metadata.propagation.max.ms": 1000})
        self.records = 0
        self.ended = False
        self.trouble = None

    def run(self):
        while not self.ended:
            for message in self.client.consume(1000, 0.2):
                error = message.error()
                if not error:
                    self.records += 1
                elif error.code() not in GONE:
                    self.trouble = error


class LookingUp(threading.Thread):
    def __init__(self, bootstrap):
        super().__init__(daemon=True)
        self.client = consumer(bootstrap, [])
        self.found = self.refused = 0
        self.ended = False

    def run(self):
        while not self.ended:
            try:
                for p in self.client.offsets_for_times([TopicPartition("wide", i, 1) for i in range(0, 5000, 50)], timeout=5):
                    self.found += p.error is None
                    self.refused += p.error is not None
            except KafkaException:
                self.refused += 1


def deaf_reader(bootstrap, topic):
    """Asks for all of a partition again and again, and never reads an answer: ranges of its file stay on their way."""
    host, port = bootstrap.rsplit(":", 1)
    s = socket.create_connection((host, int(port)))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    name = struct.pack(">h", len(topic)) + topic.encode()
    body = struct.pack(">iiiibi", -1, 100, 1, 1 << 24, 0, 1) + name + struct.pack(">iiqi", 1, 0, 0, 1 << 24)
    for i in range(8):
        frame = struct.pack(">hhih", 1, 4, i, -1) + body
        s.sendall(struct.pack(">i", len(frame)) + frame)
    return s


def delete(bootstrap):
    client = admin(bootstrap)
    client.create_topics([NewTopic("bulk", 1, 1)])["bulk"].result()
    producer = Producer({"bootstrap.servers": bootstrap, **QUIET})
    for _ in range(64):
        producer.produce("bulk", b"x" * 100000, partition=0)
    assert producer.flush(30) == 0
    readers = [Reading(bootstrap, [("wide", i) for i in range(5000)]),
               Reading(bootstrap, [(t, p) for t, p in PARTITIONS if t != "wide"])]
    lookups = LookingUp(bootstrap)
    deaf = deaf_reader(bootstrap, "bulk")
    for thread in (*readers, lookups):
        thread.start()
    deadline = time.time() + 30
    while (lookups.found == 0 or any(r.records == 0 for r in readers)) and time.time() < deadline:
        time.sleep(0.05)
    begin = time.time()
    for future in client.delete_topics([*TOPICS, "bulk"], request_timeout=60).values():
        future.result()
    print(f"  deleted in {time.time() - begin:.2f} s")
    # one of their names again at once: its old folders must go first
    client.create_topics([NewTopic("narrow-7", 10, 1)], request_timeout=60)["narrow-7"].result()
    print(f"  and one made again after {time.time() - begin:.1f} s")
    time.sleep(1)
    for thread in (*readers, lookups):
        thread.ended = True
    for r in readers:
        r.join(30)
        assert r.records > 0 and not r.trouble, f"a reader: {r.records} records, {r.trouble}"
    lookups.join(30)
    assert lookups.found > 0, "no lookup was answered"
    left = client.list_topics(timeout=30).topics
    assert "wide" not in left and "narrow-7" in left
    deaf.close()
    # librdkafka 2.0 waits for ever in the destruction of a consumer whose topics are gone
    sys.stdout.flush()
    os._exit(0)


# --- the canary ---


def canary(bootstrap):
    pauses = []
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    client = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "1", **QUIET})
    while not ended.is_set():
        begin = time.time()
        client.produce("canary", b"tweet", partition=0)
        assert client.flush(30) == 0, "the canary is dead"
        pauses.append(time.time() - begin)
        time.sleep(0.005)
    pauses.sort()
    print(f"  canary: {len(pauses)} records, p50 {pauses[len(pauses) // 2] * 1e3:.1f} ms, "
          f"p99 {pauses[len(pauses) * 99 // 100] * 1e3:.1f} ms, longest {pauses[-1] * 1e3:.0f} ms")
    assert len(pauses) > 20 and pauses[-1] < PAUSE_MAX_S, "the canary had to wait"


what, where = sys.argv[1:3]
{"create": create, "delete": delete, "canary": canary,
 "produce": lambda b: produce(b, int(sys.argv[3]), int(sys.argv[4])), "read": lambda b: read(b, int(sys.argv[3]))}[what](where)
