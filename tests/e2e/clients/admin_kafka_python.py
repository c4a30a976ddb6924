"""kafka-python's admin client, 2.0.2 and 3.0: what it asks of configs, partitions and the cluster."""
import sys

import kafka
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic

bootstrap, name = sys.argv[1], sys.argv[2]
client = KafkaAdminClient(bootstrap_servers=bootstrap)
modern = int(kafka.__version__.split(".")[0]) >= 3
TOPIC, BROKER = ConfigResourceType.TOPIC, ConfigResourceType.BROKER


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(code, call):
    """An exception of the client, or (alter_configs of 3.0) a sentence in what it returns."""
    try:
        said = str(call())
    except Exception as error:
        said = type(error).__name__ + str(error)
    expect(code in said.lower(), f"{code} expected: {said}")


def configs(kind, resource):
    """key -> value"""
    if modern:
        answer = client.describe_configs([ConfigResource(kind, resource)], config_filter="all", include_synonyms=True)
        (found,) = [c for by_name in answer.values() for c in by_name.values()]
        return {key: config["value"] for key, config in found.items()}
    (answer,) = client.describe_configs([ConfigResource(kind, resource)], include_synonyms=True)
    (result,) = answer.resources
    expect(result[0] == 0, f"describe_configs: {result[:2]}")
    return {config[0]: config[1] for config in result[4]}


def topic_configs():
    client.create_topics([NewTopic("configs", 1, 1, topic_configs={"retention.ms": "70000"})])
    told = configs(TOPIC, "configs")
    expect(len(told) == 33 and told["retention.ms"] == "70000" and told["segment.ms"] == "604800000", f"{told}")
    client.alter_configs([ConfigResource(TOPIC, "configs", configs={"segment.ms": "60000"})])
    told = configs(TOPIC, "configs")
    expect(told["segment.ms"] == "60000", "altered")
    # 2.0.2 has only AlterConfigs, which unsets what it does not name; 3.0 alters step by step
    expect(told["retention.ms"] == ("70000" if modern else "604800000"), f"the other one: {told['retention.ms']}")


def no_nul():
    """Java's trim, and ours, take it away: the value would be good, and what is stored would not."""
    holed = "\x00" + "1000"
    refused("a nul in it", lambda: client.alter_configs(
        [ConfigResource(TOPIC, "configs", configs={"retention.ms": holed})]))
    refused("a nul in it", lambda: client.alter_configs(
        [ConfigResource(BROKER, "1", configs={"log.retention.ms": holed})]))
    refused("a nul in it", lambda: client.create_topics(
        [NewTopic("holed", 1, 1, topic_configs={"retention.ms": holed})]))
    expect(configs(TOPIC, "configs")["retention.ms"] == ("70000" if modern else "604800000"), "as before")


def step_by_step():
    client.alter_configs([ConfigResource(TOPIC, "configs", configs={"cleanup.policy": ("APPEND", "compact")})])
    expect(configs(TOPIC, "configs")["cleanup.policy"] == "delete,compact", "appended")
    client.alter_configs([ConfigResource(TOPIC, "configs", configs={"cleanup.policy": ("DELETE", None)})])
    expect(configs(TOPIC, "configs")["cleanup.policy"] == "delete", "deleted")
    client.alter_configs([ConfigResource(TOPIC, "configs", configs={"segment.ms": "5"})], validate_only=True)
    expect(configs(TOPIC, "configs")["segment.ms"] == "60000", "only validated")
    refused("invalidconfig", lambda: client.alter_configs(
        [ConfigResource(TOPIC, "configs", configs={"segment.ms": "soon"})]))


def broker_configs():
    told = configs(BROKER, "1")
    expect(told["num.partitions"] == "1" and told["message.max.bytes"] == "1048588", "defaults of the broker")
    expect(len(told) > 80, f"{len(told)} keys")


def more_partitions():
    client.create_partitions({"configs": NewPartitions(total_count=4)} if not modern else {"configs": 4})
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    expect(consumer.partitions_for_topic("configs") == {0, 1, 2, 3}, "four partitions")
    consumer.close()
    refused("invalidpartitions", lambda: client.create_partitions(
        {"configs": NewPartitions(total_count=2)} if not modern else {"configs": 2}))


def cluster():
    told = client.describe_cluster()
    expect(told["controller_id"] == 1 and len(told["brokers"]) == 1 and len(told["cluster_id"]) == 22, f"{told}")


for story in [topic_configs, no_nul] + ([step_by_step] if modern else []) + [broker_configs, more_partitions, cluster]:
    story()
    print(f"  {name}: {story.__name__.replace('_', ' ')}")
client.close()
