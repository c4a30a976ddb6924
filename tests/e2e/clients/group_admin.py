"""Groups by Debian's kafka-python: listed, described with their members, deleted. confluent.py does the same with librdkafka."""
import sys
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

bootstrap = sys.argv[1]


def expect(ok, what):
    if not ok:
        sys.exit(f"group_admin.py: {what}")


producer = KafkaProducer(bootstrap_servers=bootstrap)
for n in range(50):
    producer.send("seen", b"%d" % n)
producer.flush(20)
consumer = KafkaConsumer("seen", bootstrap_servers=bootstrap, group_id="watched", client_id="pod-7",
                         auto_offset_reset="earliest", enable_auto_commit=False)
got, until = 0, time.time() + 20
while got < 50 and time.time() < until:
    got += sum(len(records) for records in consumer.poll(500).values())
consumer.commit()

admin = KafkaAdminClient(bootstrap_servers=bootstrap)
expect(("watched", "consumer") in admin.list_consumer_groups(), "the group is listed")
described = admin.describe_consumer_groups(["watched"])[0]
expect(described.state == "Stable" and described.protocol == "range", f"described as {described}")
expect(described.members[0].client_id == "pod-7", "the client id of the member")
expect(described.members[0].member_assignment.assignment == [("seen", [0])], "the assignment can be read")
offsets = admin.list_consumer_group_offsets("watched")
expect([o.offset for o in offsets.values()] == [50], f"committed offsets {offsets}")
codes = {group: error.errno for group, error in admin.delete_consumer_groups(["watched", "nobody"])}
expect(codes == {"watched": 68, "nobody": 69}, f"deletion with a member: {codes}")
consumer.close()
codes = {group: error.errno for group, error in admin.delete_consumer_groups(["watched"])}
expect(codes == {"watched": 0}, f"deletion: {codes}")
admin.close()
