"""confluent-kafka: the newest librdkafka under Python."""
import time

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import stories

if hasattr(confluent_kafka, "ConsumerGroupTopicPartitions"):
    from confluent_kafka import ConsumerGroupTopicPartitions


class Driver:
    codecs = [None, "gzip", "snappy", "lz4", "zstd"]
    own = "an idempotent producer, and offsets by time"

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.admin = AdminClient({"bootstrap.servers": bootstrap})

    def create(self, topic, partitions):
        self.admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])[topic].result(20)

    def delete(self, topic):
        self.admin.delete_topics([topic])[topic].result(20)

    def topics(self):
        return set(self.admin.list_topics(timeout=10).topics)

    def produce(self, topic, records, codec, **extra):
        errors = []
        producer = Producer({"bootstrap.servers": self.bootstrap, "compression.type": codec or "none", **extra})
        for partition, key, value, headers in records:
            producer.produce(topic, partition=partition, key=key, value=value, headers=headers or None,
                             on_delivery=lambda error, _: errors.append(error) if error else None)
        stories.expect(producer.flush(30) == 0, "all delivered")
        stories.expect(not errors, f"delivery errors {errors[:3]}")

    def consume(self, topic, group, count):
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                             "enable.auto.commit": False})
        consumer.subscribe([topic])
        got, until = [], time.time() + 30
        while len(got) < count and time.time() < until:
            for m in consumer.consume(500, timeout=0.5):
                if m.error():
                    raise KafkaException(m.error())
                got.append((m.partition(), m.offset(), m.key(), m.value(), m.headers() or []))
        consumer.commit(asynchronous=False)
        consumer.close()
        return got

    def ends(self, topic):
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "unused"})
        parts = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        found = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10) for p in sorted(parts)}
        consumer.close()
        return found

    def own_stories(self, expect):
        self.create("idempotent", 1)
        self.produce("idempotent", [(0, None, b"%d" % n, []) for n in range(1000)], "lz4", **{"enable.idempotence": True})
        got = self.consume("idempotent", "group-idempotent", 1000)
        expect([g[3] for g in got] == [b"%d" % n for n in range(1000)], "idempotent records once and in order")
        self.create("times", 1)
        producer = Producer({"bootstrap.servers": self.bootstrap})
        for n in range(100):
            producer.produce("times", partition=0, value=b"t", timestamp=1_700_000_000_000 + n * 1000)
        producer.flush(20)
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "unused"})
        ask = lambda ms: consumer.offsets_for_times([TopicPartition("times", 0, ms)], timeout=10)[0].offset
        expect(ask(1_700_000_000_000 + 41_500) == 42, "the first record not before an instant")
        expect(ask(1_700_000_000_000) == 0, "the very first record by its time")
        consumer.close()
        if hasattr(confluent_kafka, "ConsumerGroupTopicPartitions"):  # Debian's 1.7 has no such calls
            self.group_stories(expect)

    def group_stories(self, expect):
        """Groups seen, moved and deleted; "group-idempotent" has read 1,000 records."""
        group, topic = "group-idempotent", "idempotent"
        found = self.admin.describe_consumer_groups([group])[group].result(20)
        expect(found.state.name == "EMPTY" and not found.members, f"a group without members: {found.state}")
        names = [g.group_id for g in self.admin.list_consumer_groups().result(20).valid]
        expect(group in names, f"{group} is among {names}")
        at = lambda offset: [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, offset)])]
        moved = self.admin.alter_consumer_group_offsets(at(3))[group].result(20)
        expect(moved.topic_partitions[0].error is None, "offsets of a group without members can be set")
        again = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(20)
        expect([p.offset for p in again.topic_partitions] == [3], f"offsets are now {again.topic_partitions}")
        low = self.admin.delete_records([TopicPartition(topic, 0, 10)])
        expect([f.result(20).low_watermark for f in low.values()] == [10], "records are deleted up to 10")
        expect(self.ends(topic)[0] == (10, 1000), f"and the topic begins there: {self.ends(topic)}")
        self.admin.delete_consumer_groups([group])[group].result(20)
        expect(group not in [g.group_id for g in self.admin.list_consumer_groups().result(20).valid], "deleted")

    def close(self):
        pass


stories.main(Driver)
