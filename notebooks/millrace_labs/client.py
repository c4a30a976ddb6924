"""Simple, synchronous ways into a log: what set-up, demonstrations and checks need of confluent_kafka."""
from __future__ import annotations

import time
from typing import Any, Iterable, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from millrace_labs.texts import say

# Broker and client are on one machine, and the broker may be away for a moment on purpose.
QUICK = {"reconnect.backoff.ms": 5, "reconnect.backoff.max.ms": 100, "log_level": 0}
WAIT_S = 10


class ClientError(Exception):
    """The log could not be asked; the text says why."""


class Record(NamedTuple):
    """A record as it lies in the log. Key, value and header values are text where they are UTF-8, else bytes; None stays None."""

    topic: str
    partition: int
    offset: int
    key: str | bytes | None
    value: str | bytes | None
    timestamp: int  # milliseconds since 1970
    headers: list[tuple[str, str | bytes | None]]


def text_or_bytes(data: bytes | None) -> str | bytes | None:
    """Text where the bytes are UTF-8."""
    if data is None:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def record(message: Any) -> Record:
    """A message of confluent_kafka as a Record."""
    return Record(message.topic(), message.partition(), message.offset(), text_or_bytes(message.key()),
                  text_or_bytes(message.value()), message.timestamp()[1],
                  [(name, text_or_bytes(value)) for name, value in message.headers() or []])


def create_topic(bootstrap: str, name: str, partitions: int = 1, **config: object) -> None:
    """Creates a topic; ClientError when it is there already or cannot be."""
    admin = AdminClient({"bootstrap.servers": bootstrap, **QUICK})
    settings = {key.replace("_", "."): str(value) for key, value in config.items()}
    asked = admin.create_topics([NewTopic(name, partitions, 1, config=settings)], operation_timeout=WAIT_S)
    try:
        asked[name].result(WAIT_S)
    except KafkaException as error:
        raise ClientError(f"topic {name}: {error.args[0].str()}") from None


def delete_topic(bootstrap: str, name: str) -> None:
    """Deletes a topic with its records; nothing happens when there is none of that name."""
    admin = AdminClient({"bootstrap.servers": bootstrap, **QUICK})
    try:
        admin.delete_topics([name], operation_timeout=WAIT_S)[name].result(WAIT_S)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise ClientError(f"topic {name}: {error.args[0].str()}") from None


def topics(bootstrap: str) -> dict[str, int]:
    """Names of the topics that people made, and how many partitions each has."""
    admin = AdminClient({"bootstrap.servers": bootstrap, **QUICK})
    try:
        known = admin.list_topics(timeout=WAIT_S).topics
    except KafkaException as error:
        raise ClientError(f"{bootstrap}: {error.args[0].str()}") from None
    return {name: len(topic.partitions) for name, topic in sorted(known.items()) if not name.startswith("__")}


def produce(bootstrap: str, topic: str, records: Iterable[tuple[object, object]], partition: int | None = None,
            **config: object) -> list[tuple[int, int]]:
    """Writes (key, value) pairs in order and waits; the partition and the offset of each."""
    places: list[tuple[int, int]] = []
    failed: list[str] = []

    options = {"bootstrap.servers": bootstrap, "linger.ms": 0, "message.timeout.ms": WAIT_S * 1000, **QUICK,
               **{key.replace("_", "."): value for key, value in config.items()}}
    producer = Producer(options)
    where = {} if partition is None else {"partition": partition}
    for index, (key, value) in enumerate(records):
        places.append((-1, -1))

        def report(error: Any, message: Any, index: int = index) -> None:
            if error is not None:
                failed.append(error.str())
            else:
                places[index] = (message.partition(), message.offset())

        while True:
            try:
                producer.produce(topic, key=_bytes(key), value=_bytes(value), on_delivery=report, **where)
                break
            except BufferError:
                producer.poll(0.05)
    producer.flush(WAIT_S + 1)
    if failed:
        raise ClientError(say("topic {topic}: {count} records were not written: {error}", topic=topic, count=len(failed), error=failed[0]))
    return places


def _bytes(value: object) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return str(value).encode("utf-8")


def ends(bootstrap: str, topic: str) -> dict[int, tuple[int, int]]:
    """First and next offset of each partition; ClientError when there is no such topic."""
    consumer = _consumer(bootstrap)
    try:
        return _ends(consumer, topic)
    finally:
        consumer.close()


def consume(bootstrap: str, topic: str, count: int | None = None, wait_s: float = WAIT_S) -> list[Record]:
    """What lies in the log of a topic now, by partition and offset; with `count` waits until that many records came."""
    consumer = _consumer(bootstrap)
    try:
        limits = _ends(consumer, topic)
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in limits])
        missing = {partition for partition, (low, high) in limits.items() if high > low}
        found: list[Record] = []
        end = time.monotonic() + wait_s
        while (len(found) < count if count is not None else missing) and time.monotonic() < end:
            for message in consumer.consume(500, 0.1):
                if message.error():
                    continue
                found.append(record(message))
                if message.offset() + 1 >= limits[message.partition()][1]:
                    missing.discard(message.partition())
            if count is None:
                missing -= {p.partition for p in consumer.position([TopicPartition(topic, m) for m in missing])
                            if p.offset >= limits[p.partition][1]}
        return sorted(found, key=lambda one: (one.partition, one.offset))[:count]
    except KafkaException as error:
        raise ClientError(f"topic {topic}: {error.args[0].str()}") from None
    finally:
        consumer.close()


def committed(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """The offsets that a group has committed, of the partitions where it has."""
    consumer = _consumer(bootstrap, group)
    try:
        asked = [TopicPartition(topic, partition) for partition in _ends(consumer, topic)]
        return {p.partition: p.offset for p in consumer.committed(asked, timeout=WAIT_S) if p.offset >= 0}
    except KafkaException as error:
        raise ClientError(say("group {group}: {error}", group=group, error=error.args[0].str())) from None
    finally:
        consumer.close()


def _consumer(bootstrap: str, group: str = "millrace-labs-reader") -> Consumer:
    return Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False,
                     "auto.offset.reset": "earliest", "fetch.wait.max.ms": 20, "isolation.level": "read_uncommitted", **QUICK})


def _ends(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    try:
        known = consumer.list_topics(topic, timeout=WAIT_S).topics.get(topic)
    except KafkaException as error:
        raise ClientError(f"topic {topic}: {error.args[0].str()}") from None
    if known is None or known.error is not None or not known.partitions:
        raise ClientError(say("there is no topic {topic}", topic=topic))
    return {partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=WAIT_S)
            for partition in sorted(known.partitions)}
