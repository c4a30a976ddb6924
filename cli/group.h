/* group.h - what the files of `millrace group` share. */
#ifndef MILLRACE_CLI_GROUP_H
#define MILLRACE_CLI_GROUP_H

#include <stdbool.h>

#include "cli/admin_client.h"
#include "lib/base/bytes.h"

enum { GROUP_NAMES_MAX = 256 };

struct group_command {
    const char *verb;
    const char *names[GROUP_NAMES_MAX]; /* of groups */
    int name_count;
    bool json;
    /* list */
    const char *state; /* NULL: any */
    /* reset */
    const char *topic; /* "T" or "T:P,P" */
    bool to_earliest, to_latest, execute;
    const char *to_offset, *to_datetime, *shift_by;
};

/* Each: an exit status; messages go to standard error, the table or the JSON lines to `out`. */
int group_list(const struct group_command *g, rd_kafka_t *rk, struct buf *out);
int group_delete(const struct group_command *g, rd_kafka_t *rk, struct buf *out);
int group_describe(const struct group_command *g, rd_kafka_t *rk, struct buf *out);
int group_reset(const struct group_command *g, rd_kafka_t *rk, struct buf *out);

/* A message about one group; the status of a failure. */
int group_fail(const struct group_command *g, const char *group, const char *what);
/* What a group has committed, every partition, sorted; NULL after a message. The caller destroys it. */
rd_kafka_topic_partition_list_t *group_committed(const struct group_command *g, rd_kafka_t *rk, const char *group);
/* Names that the library gives to states are lower case with spaces; these are Kafka's. */
const char *group_state_name(rd_kafka_consumer_group_state_t state);
void group_json_field(struct buf *out, const char *before, const char *text); /* NULL is null */

#endif
