/* record.h - how `produce`, `consume` and `dump-log` show a Kafka record: as text, or as one JSON object a line.
 *
 *     {"topic":"t","partition":0,"offset":7,"timestamp":1700000000000,"key":null,"value":"text",
 *      "headers":[{"name":"colour","value":"blue"}]}
 *
 * Timestamps are milliseconds since 1970, null when the record has none. Bytes that are not UTF-8 stand as
 * {"base64":"..."}. Headers keep their order and may repeat. */
#ifndef MILLRACE_CLI_RECORD_H
#define MILLRACE_CLI_RECORD_H

#include <librdkafka/rdkafka.h>

#include "lib/base/bytes.h"

/* Bytes as JSON: null for p == NULL, a string, or base64 when they are not UTF-8. */
void record_bytes_json(const void *p, size_t n, struct buf *out);
/* Appends the object and a line end. */
void record_json(const rd_kafka_message_t *m, struct buf *out);
/* Appends key, separator and value (the value alone without a separator) and a line end. */
void record_text(const rd_kafka_message_t *m, const char *key_separator, struct buf *out);

#endif
