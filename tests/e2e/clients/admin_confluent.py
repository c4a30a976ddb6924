"""confluent-kafka's admin client: configs of topics and brokers, more partitions of a topic that is consumed."""
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka import admin as A

bootstrap, name = sys.argv[1], sys.argv[2]
client = A.AdminClient({"bootstrap.servers": bootstrap})
TOPIC, BROKER = A.RESOURCE_TOPIC, A.RESOURCE_BROKER
incremental = hasattr(client, "incremental_alter_configs")


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(code, call):
    try:
        call()
    except KafkaException as error:
        expect(error.args[0].name() == code, f"{code} expected, not {error.args[0]}")
    else:
        raise AssertionError(f"{code} expected, but it was accepted")


def only(futures):
    return next(iter(futures.values())).result(timeout=20)


def configs(kind, resource):
    return only(client.describe_configs([A.ConfigResource(kind, resource)], request_timeout=20))


def alter(kind, resource, operation, key, value):
    entry = A.ConfigEntry(key, value, incremental_operation=getattr(A.AlterConfigOpType, operation))
    only(client.incremental_alter_configs(
        [A.ConfigResource(kind, resource, incremental_configs=[entry])], request_timeout=20))


def replace(kind, resource, **pairs):
    only(client.alter_configs([A.ConfigResource(kind, resource, set_config={k.replace("_", "."): v for k, v in
                                                                           pairs.items()})], request_timeout=20))


def produce(topic, value, partition=0):
    seen = []
    producer = Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 2000000})
    producer.produce(topic, value, partition=partition, on_delivery=lambda error, message: seen.append(error))
    producer.flush(20)
    expect(len(seen) == 1, "one delivery report")
    return seen[0].name() if seen[0] else None


def topic_configs():
    only(client.create_topics([A.NewTopic("configs", 1, 1, config={"retention.ms": "70000"})]))
    all_of_them = configs(TOPIC, "configs")
    expect(len(all_of_them) == 33, f"a topic has 33 configs, not {len(all_of_them)}")
    expect(all_of_them["retention.ms"].value == "70000" and all_of_them["retention.ms"].source == 1, "its own")
    expect(all_of_them["segment.ms"].source == 5 and not all_of_them["segment.ms"].is_read_only, "a default")
    refused("UNKNOWN_TOPIC_OR_PART", lambda: configs(TOPIC, "nowhere"))


def replacing():
    replace(TOPIC, "configs", max_message_bytes="1000")
    after = configs(TOPIC, "configs")
    expect(after["max.message.bytes"].value == "1000", "what is named is set")
    expect(after["retention.ms"].source == 5, "what is not named is unset")
    expect(produce("configs", b"x" * 5000) == "MSG_SIZE_TOO_LARGE", "it counts at once")
    replace(TOPIC, "configs")
    expect(produce("configs", b"x" * 5000) is None, "and no more")
    refused("INVALID_CONFIG", lambda: replace(TOPIC, "configs", no_such="1"))


def step_by_step():
    alter(TOPIC, "configs", "SET", "segment.ms", "60000")
    alter(TOPIC, "configs", "APPEND", "cleanup.policy", "compact")
    expect(configs(TOPIC, "configs")["cleanup.policy"].value == "delete,compact", "appended")
    alter(TOPIC, "configs", "SUBTRACT", "cleanup.policy", "delete")
    expect(configs(TOPIC, "configs")["cleanup.policy"].value == "compact", "subtracted")
    expect(produce("configs", b"no key") == "INVALID_RECORD", "a compacted topic wants keys, at once")
    alter(TOPIC, "configs", "DELETE", "cleanup.policy", None)
    after = configs(TOPIC, "configs")
    expect(after["cleanup.policy"].source == 5 and after["segment.ms"].value == "60000", "only that one is unset")
    refused("INVALID_CONFIG", lambda: alter(TOPIC, "configs", "APPEND", "retention.ms", "1"))
    refused("INVALID_CONFIG", lambda: alter(TOPIC, "configs", "SET", "retention.ms", "soon"))


def broker_configs():
    mine = configs(BROKER, "1")
    expect(mine["num.partitions"].is_read_only and not mine["message.max.bytes"].is_read_only, "what may be altered")
    expect(mine["log.retention.hours"].value == "168", "defaults are told")
    alter(BROKER, "1", "SET", "message.max.bytes", "1000")
    expect(configs(BROKER, "1")["message.max.bytes"].source == 2, "dynamic")
    expect(configs(TOPIC, "configs")["max.message.bytes"].source == 2, "the broker's value is what the topic has")
    expect(produce("configs", b"x" * 5000) == "MSG_SIZE_TOO_LARGE", "a topic without its own follows")
    alter(BROKER, "1", "DELETE", "message.max.bytes", None)
    expect(produce("configs", b"x" * 5000) is None, "and back")
    refused("INVALID_REQUEST", lambda: alter(BROKER, "1", "SET", "num.partitions", "3"))


def more_partitions():
    """A member of a group gets the new partition without being told, and reads what is there."""
    only(client.create_topics([A.NewTopic("grows", 1, 1)]))
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "growers", "auto.offset.reset": "earliest",
                         "topic.metadata.refresh.interval.ms": 300})
    consumer.subscribe(["grows"])
    expect(produce("grows", b"before") is None, "produce")
    got = read(consumer, 1)
    expect(got == {(0, b"before")}, f"before: {got}")
    only(client.create_partitions([A.NewPartitions("grows", 3)], validate_only=True))
    expect(len(client.list_topics("grows", timeout=10).topics["grows"].partitions) == 1, "only validated")
    only(client.create_partitions([A.NewPartitions("grows", 3)]))
    expect(len(client.list_topics("grows", timeout=10).topics["grows"].partitions) == 3, "three partitions")
    expect(produce("grows", b"after", 2) is None, "produce to a new one")
    got = read(consumer, 1)
    expect(got == {(2, b"after")}, f"after: {got}")
    consumer.close()
    refused("INVALID_PARTITIONS", lambda: only(client.create_partitions([A.NewPartitions("grows", 2)])))


def read(consumer, count):
    got, until = set(), time.time() + 20
    while len(got) < count and time.time() < until:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            got.add((message.partition(), message.value()))
    return got


def cluster():
    told = client.describe_cluster(include_authorized_operations=True, request_timeout=20).result(20)
    expect(told.controller.id == 1 and len(told.nodes) == 1 and len(told.cluster_id) == 22, f"{told}")
    expect(len(told.authorized_operations) == 7, f"{told.authorized_operations}")


stories = [topic_configs, replacing] + ([step_by_step, broker_configs, cluster] if incremental else [])
for story in stories + [more_partitions]:
    story()
    print(f"  {name}: {story.__name__.replace('_', ' ')}")
