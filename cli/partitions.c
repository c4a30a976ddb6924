#include "cli/partitions.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

enum { ASK_MS = 10000, PARTITION_MAX = 1000000 };

static const char *all_add(rd_kafka_t *rk, const char *topic, rd_kafka_topic_partition_list_t *list)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
    rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, handle, &metadata, ASK_MS);
    rd_kafka_topic_destroy(handle);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return rd_kafka_err2str(err);
    err = metadata->topics[0].err;
    for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
        rd_kafka_topic_partition_list_add(list, topic, metadata->topics[0].partitions[i].id);
    rd_kafka_metadata_destroy(metadata);
    return err == RD_KAFKA_RESP_ERR_NO_ERROR ? NULL : rd_kafka_err2str(err);
}

/* `colon` and what follows: numbers with commas between them. */
static const char *named_add(const char *argument, const char *colon, rd_kafka_topic_partition_list_t *list)
{
    char topic[256];
    snprintf(topic, sizeof topic, "%.*s", (int)(colon - argument), argument);
    for (const char *at = colon; *at; at += strcspn(at, ",")) {
        int64_t partition;
        at++;
        if (!text_to_i64(slice_of(at, strcspn(at, ",")), &partition) || partition < 0 || partition > PARTITION_MAX)
            return "partitions are whole numbers, with commas between them";
        rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition);
    }
    return NULL;
}

rd_kafka_topic_partition_list_t *partitions_of(rd_kafka_t *rk, const char *argument, const char **why)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    const char *colon = strchr(argument, ':');
    *why = colon ? named_add(argument, colon, list) : all_add(rk, argument, list);
    if (!*why) return list;
    rd_kafka_topic_partition_list_destroy(list);
    return NULL;
}
