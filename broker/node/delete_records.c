/* DeleteRecords: the log starts at an offset from now on.
 *
 *     request -> each partition: check, log_raise_start -> the log starts are written (storage.c) -> response
 *
 * Readers meet the new start at once. The answer waits until log-start-offset-checkpoint says it, so that what was
 * deleted is not back after a crash: Kafka answers first and writes that file within a minute. Segments that lie
 * below as a whole are removed by a job. */
#include "broker/node/node_internal.h"

enum { OFFSET_HIGH_WATERMARK = -1 };

/* The lines that were moved or stand already where they were asked to: they hold only if the file is written. */
static void lines_fail(struct delete_records_response *out, int16_t error)
{
    for (int32_t t = 0; t < out->topics_count; t++)
        for (int32_t i = 0; i < out->topics[t].partitions_count; i++) {
            struct delete_records_response_delete_records_partition_result *line = &out->topics[t].partitions[i];
            if (line->error_code != KAFKA_NONE) continue;
            line->error_code = error;
            line->low_watermark = -1;
        }
}

/* A topic that is compacted only keeps the last record of each key, whatever its age. */
static bool policy_allows(const struct node *n, const struct metadata_topic *t, const struct partition *p)
{
    return !p->rules.keyed || partition_log_config(n, t).deletes;
}

static int16_t line_check(struct node *n, struct slice topic, int32_t index, struct partition **p)
{
    const struct metadata_topic *t = metadata_topic_find(&n->image, topic);
    if (!metadata_partition_find(t, index)) return KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (t->internal) return KAFKA_INVALID_TOPIC_EXCEPTION;
    int16_t error = partition_lead(n, topic, index, -1, p);
    if (error != KAFKA_NONE) return error;
    if (log_state((*p)->log) != LOG_ONLINE) return KAFKA_KAFKA_STORAGE_ERROR;
    return policy_allows(n, t, *p) ? KAFKA_NONE : KAFKA_POLICY_VIOLATION;
}

static void line_begin(struct node *n, struct slice topic,
                       const struct delete_records_request_delete_records_partition *in,
                       struct delete_records_response_delete_records_partition_result *out)
{
    struct partition *p = NULL;
    out->partition_index = in->partition_index;
    out->low_watermark = -1;
    out->error_code = line_check(n, topic, in->partition_index, &p);
    if (out->error_code != KAFKA_NONE) return;
    int64_t to = in->offset == OFFSET_HIGH_WATERMARK ? log_offsets(p->log)->high_watermark : in->offset;
    if (to < 0 || !log_raise_start(p->log, to)) {
        out->error_code = KAFKA_OFFSET_OUT_OF_RANGE;
        return;
    }
    out->low_watermark = log_offsets(p->log)->start;
    fetch_wake(n, p); /* long polls from below the new start */
    partition_jobs(n, p);
}

void delete_records_begin(struct node *n, struct request *r)
{
    const struct delete_records_request *in = r->body;
    struct delete_records_response *out = KAFKA_NEW(&r->arena, delete_records_response, 1);
    bool moved = false;
    out->topics_count = in->topics_count;
    out->topics = KAFKA_NEW(&r->arena, delete_records_response_delete_records_topic_result, in->topics_count);
    for (int32_t t = 0; t < in->topics_count; t++) {
        const struct delete_records_request_delete_records_topic *topic = &in->topics[t];
        struct delete_records_response_delete_records_topic_result *answer = &out->topics[t];
        answer->name = topic->name;
        answer->partitions_count = topic->partitions_count;
        answer->partitions =
            KAFKA_NEW(&r->arena, delete_records_response_delete_records_partition_result, topic->partitions_count);
        for (int32_t i = 0; i < topic->partitions_count; i++) {
            line_begin(n, kafka_string_slice(topic->name), &topic->partitions[i], &answer->partitions[i]);
            moved |= answer->partitions[i].error_code == KAFKA_NONE;
        }
    }
    r->state = out;
#if MILLRACE_SEEDED_BUG == 11 /* for tests/sim/bites.sh: answered before the new start is on disk */
    moved = false;
#endif
    if (moved)
        log_starts_await(n, r);
    else
        request_answer(n, r, out);
}

void delete_records_stored(struct node *n, struct request *r, int err)
{
    if (err < 0) lines_fail(r->state, KAFKA_KAFKA_STORAGE_ERROR);
    request_answer(n, r, r->state);
}
