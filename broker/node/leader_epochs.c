/* OffsetForLeaderEpoch: where the records of a leader epoch end. A consumer that finds another leader asks it with the
 * epoch of its last record: an end below its position tells that records it has read were lost (KIP-101, KIP-320). */
#include "broker/node/node_internal.h"

static void line_begin(struct node *n, struct slice topic,
                       const struct offset_for_leader_epoch_request_offset_for_leader_partition *in,
                       struct offset_for_leader_epoch_response_epoch_end_offset *out)
{
    struct partition *p;
    out->partition = in->partition;
    out->error_code = partition_lead(n, topic, in->partition, in->current_leader_epoch, &p);
    if (out->error_code != KAFKA_NONE) return;
    if (in->leader_epoch == p->leader_epoch) { /* it goes on, also where it has no record yet */
        out->leader_epoch = p->leader_epoch;
        out->end_offset = log_offsets(p->log)->end;
    } else {
        log_epoch_end(p->log, in->leader_epoch, &out->leader_epoch, &out->end_offset);
    }
}

void leader_epochs_begin(struct node *n, struct request *r)
{
    const struct offset_for_leader_epoch_request *in = r->body;
    struct offset_for_leader_epoch_response *out = KAFKA_NEW(&r->arena, offset_for_leader_epoch_response, 1);
    out->topics_count = in->topics_count;
    out->topics =
        KAFKA_NEW(&r->arena, offset_for_leader_epoch_response_offset_for_leader_topic_result, in->topics_count);
    for (int32_t t = 0; t < in->topics_count; t++) {
        const struct offset_for_leader_epoch_request_offset_for_leader_topic *topic = &in->topics[t];
        struct offset_for_leader_epoch_response_offset_for_leader_topic_result *answer = &out->topics[t];
        answer->topic = topic->topic;
        answer->partitions_count = topic->partitions_count;
        answer->partitions =
            KAFKA_NEW(&r->arena, offset_for_leader_epoch_response_epoch_end_offset, topic->partitions_count);
        for (int32_t i = 0; i < topic->partitions_count; i++)
            line_begin(n, kafka_string_slice(topic->topic), &topic->partitions[i], &answer->partitions[i]);
    }
    request_answer(n, r, out);
}
