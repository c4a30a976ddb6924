"""kafka-python and its relatives (2.0.2, 2.2, -ng, 3.0)."""
import importlib.util
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

import stories


def has(module):
    return importlib.util.find_spec(module) is not None


class Driver:
    own = "two members share a topic, and one takes over when the other leaves"

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        self.codecs = [None, "gzip"]
        self.codecs += ["lz4"] if has("lz4") else []
        self.codecs += ["snappy"] if has("snappy") else []
        self.codecs += ["zstd"] if has("zstandard") else []

    def create(self, topic, partitions):
        answer = self.admin.create_topics([NewTopic(name=topic, num_partitions=partitions, replication_factor=1)])
        errors = getattr(answer, "topic_errors", None) or []
        for error in errors:
            if error[1] != 0:
                raise RuntimeError(f"create_topics: {error}")

    def delete(self, topic):
        self.admin.delete_topics([topic])

    def topics(self):
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap)
        try:
            return consumer.topics()
        finally:
            consumer.close()

    def produce(self, topic, records, codec):
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, compression_type=codec, acks="all", linger_ms=5)
        sent = [producer.send(topic, partition=p, key=k, value=v, headers=h) for p, k, v, h in records]
        for future in sent:
            future.get(timeout=20)
        producer.close()

    def consumer(self, group, **extra):
        return KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=group, auto_offset_reset="earliest",
                             enable_auto_commit=False, **extra)

    def consume(self, topic, group, count):
        consumer = self.consumer(group)
        consumer.subscribe([topic])
        got, until = [], time.time() + 30
        while len(got) < count and time.time() < until:
            for batch in consumer.poll(timeout_ms=500).values():
                got += [(r.partition, r.offset, r.key, r.value, list(r.headers)) for r in batch]
        consumer.commit()
        consumer.close()
        return got

    def ends(self, topic):
        consumer = self.consumer(None)
        parts = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
        first, end = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
        consumer.close()
        return {p.partition: (first[p], end[p]) for p in parts}

    def own_stories(self, expect):
        self.create("shared", 4)
        owned, stop = {}, {"a": threading.Event(), "b": threading.Event()}

        def member(name):
            consumer = self.consumer("group-shared", session_timeout_ms=10000, heartbeat_interval_ms=300)
            consumer.subscribe(["shared"])
            while not stop[name].is_set():
                # Not 100 ms: kafka-python 3.0.12 waits as long before it asks for metadata, and when poll returns in the
                # very moment in which its SyncGroup is under way, the client drops the assignment that it then gets.
                consumer.poll(timeout_ms=500)
                owned[name] = {p.partition for p in consumer.assignment()}
            owned[name] = set()
            consumer.close()

        def wait(condition):
            until = time.time() + 40
            while time.time() < until and not condition():
                time.sleep(0.1)
            return condition()

        threads = {name: threading.Thread(target=member, args=(name,), daemon=True) for name in "ab"}
        threads["a"].start()
        expect(wait(lambda: owned.get("a") == {0, 1, 2, 3}), f"one member owns all: {owned}")
        threads["b"].start()
        expect(wait(lambda: len(owned.get("a", ())) == 2 and len(owned.get("b", ())) == 2
                    and owned["a"] | owned["b"] == {0, 1, 2, 3}), f"two members share: {owned}")
        stop["a"].set()
        threads["a"].join()
        expect(wait(lambda: owned.get("b") == {0, 1, 2, 3}), f"the other takes over: {owned}")
        stop["b"].set()
        threads["b"].join()

    def close(self):
        self.admin.close()


stories.main(Driver)
