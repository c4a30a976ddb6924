/* apis.h - the APIs, a file each or a few: each answers at once or when what it waits for has come. */
#ifndef MILLRACE_BROKER_NODE_APIS_H
#define MILLRACE_BROKER_NODE_APIS_H

#include "broker/group/group.h"
#include "broker/node/partitions.h"
#include "lib/kafka/messages.h"

struct request;

/* ---- fetch ---- */

/* A long poll waits in the list of each partition that it names. */
struct watch {
    struct partition *partition;
    struct request *request;
    int64_t offset;     /* where it reads; OFFSET_OUT_OF_RANGE when the log starts later meanwhile */
    int64_t seen_bytes; /* visible_bytes when it was last counted */
    struct watch *next, **link;
};

void fetch_begin(struct node *n, struct request *r);
/* EVENT_READ: the bytes that a search in a segment asked for. */
void fetch_read_done(struct node *n, struct request *r, int err, struct slice data);
/* max_wait_ms is over. */
void fetch_expired(struct node *n, struct request *r);
/* The connection's peer has ended: it waits no longer. */
void fetch_hurry(struct node *n, struct request *r);
/* The connection is gone: forget it now if nothing is under way for it. */
void fetch_abandoned(struct node *n, struct request *r);
/* The node goes: drops what an unanswered fetch refers to. */
void fetch_release(struct request *r);
/* More became visible in `p`, it starts later, or it is going away. */
void fetch_wake(struct node *n, struct partition *p);

/* ---- the other APIs: each answers at once or when what it waits for has come ---- */

void produce_begin(struct node *n, struct request *r);
/* timeout_ms is over. */
void produce_expired(struct node *n, struct request *r);
void list_offsets_begin(struct node *n, struct request *r);
void leader_epochs_begin(struct node *n, struct request *r);
void delete_records_begin(struct node *n, struct request *r);
/* The log starts are on disk, or could not be written (err < 0). */
void delete_records_stored(struct node *n, struct request *r, int err);
void metadata_begin(struct node *n, struct request *r);
void find_coordinator_begin(struct node *n, struct request *r);
void describe_cluster_begin(struct node *n, struct request *r);
void describe_configs_begin(struct node *n, struct request *r);
void alter_configs_begin(struct node *n, struct request *r); /* IncrementalAlterConfigs too */
/* A sentence about a resource type that has no configs here; in `a`. */
const char *config_resource_unsupported(struct arena *a, int8_t type);
/* NULL when the name is this broker's id, else a sentence, in `a`. */
const char *config_broker_problem(const struct node *n, struct arena *a, struct kafka_string name);
void create_topics_begin(struct node *n, struct request *r);
void create_partitions_begin(struct node *n, struct request *r);
void delete_topics_begin(struct node *n, struct request *r);
void init_producer_id_begin(struct node *n, struct request *r);

/* Groups: one function for the six requests of members; answers come as actions of the coordinator. */
void group_api_begin(struct node *n, struct request *r);
/* What an answer's token leads to: a request, or one group of it. */
struct group_wait {
    struct request *request;
    int32_t group_at;
};
uint64_t group_wait_new(struct node *n, struct request *r, int32_t group_at);
/* group_admin_api.c: the four requests of administrators. */
void group_admin_begin(struct node *n, struct request *r);
void group_admin_answer(struct node *n, const struct group_wait *w, const struct group_action *a);
/* The coordinator's deadline has come. */
void group_api_timer(struct node *n);
/* Its offsets go with it. */
void group_api_topic_deleted(struct node *n, struct kafka_string topic);
/* `e` to the coordinator, and what it wants done. */
void group_api_step(struct node *n, const struct group_event *e);
/* Partition by partition at start: the records of its log, or none. */
int group_api_load(struct node *n, struct partition *p, struct disk *disk, struct err_text *error);
void group_api_load_empty(struct node *n, int32_t partition);

#endif
