/* dump_message.h - any Kafka message as JSON, from its description.
 *
 *     {"name":"orders","topic_id":"AQAAAAAAAAAAAAAAAAAAAA","replicas":[1]}
 *
 * Fields have their names in schema.h's tables; only those that the version carries are shown. */
#ifndef MILLRACE_CLI_DUMP_MESSAGE_H
#define MILLRACE_CLI_DUMP_MESSAGE_H

#include "lib/kafka/batch.h"
#include "lib/kafka/schema.h"

void dump_message_json(const struct message *m, int version, const void *in, struct buf *out);

/* What an internal topic's record says, as {"type": ..., ...}. False when its bytes are not such a record; then
 * nothing is appended. */
bool dump_offsets_record(const struct batch_record *r, struct buf *out);
bool dump_metadata_record(const struct batch_record *r, struct buf *out);
/* A control record: {"type":"LeaderChange", ...} or {"type":"COMMIT"}. */
bool dump_control_record(const struct batch_record *r, struct buf *out);

#endif
