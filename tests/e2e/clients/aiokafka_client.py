"""aiokafka: the asyncio client."""
import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

import stories


class Driver:
    codecs = [None, "gzip", "snappy", "lz4", "zstd"]

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.loop = asyncio.new_event_loop()

    def run(self, work):
        return self.loop.run_until_complete(work)

    async def with_admin(self, do):
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            return await do(admin)
        finally:
            await admin.close()

    def create(self, topic, partitions):
        answer = self.run(self.with_admin(lambda a: a.create_topics([NewTopic(topic, partitions, 1)])))
        for error in answer.topic_errors:
            if error[1] != 0:
                raise RuntimeError(f"{error} (36 means: exists)" if error[1] == 36 else f"{error}")

    def delete(self, topic):
        self.run(self.with_admin(lambda a: a.delete_topics([topic])))

    def topics(self):
        return set(self.run(self.with_admin(lambda a: a.list_topics())))

    def produce(self, topic, records, codec):
        async def work():
            producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, compression_type=codec, acks="all")
            await producer.start()
            for future in [await producer.send(topic, v, key=k, partition=p, headers=h) for p, k, v, h in records]:
                await future
            await producer.stop()
        self.run(work())

    def consume(self, topic, group, count):
        async def work():
            consumer = AIOKafkaConsumer(topic, bootstrap_servers=self.bootstrap, group_id=group,
                                        auto_offset_reset="earliest", enable_auto_commit=False)
            await consumer.start()
            got = []
            for _ in range(60):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    got += [(r.partition, r.offset, r.key, r.value, list(r.headers)) for r in batch]
                if len(got) >= count:
                    break
            await consumer.commit()
            await consumer.stop()
            return got
        return self.run(work())

    def ends(self, topic):
        async def work():
            consumer = AIOKafkaConsumer(topic, bootstrap_servers=self.bootstrap, group_id=None)
            await consumer.start()
            parts = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
            first, end = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
            await consumer.stop()
            return {p.partition: (first[p], end[p]) for p in parts}
        return self.run(work())

    def close(self):
        self.loop.close()


stories.main(Driver)
