#include "cli/topic_describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/config_change.h"
#include "lib/base/text.h"

enum { TIMEOUT_MS = 30000 };

typedef struct metadata_response_metadata_response_topic topic_line;
typedef struct metadata_response_metadata_response_partition partition_line;

struct description {
    const char *name;
    const topic_line *topic;
    const config_result *configs;
    rd_kafka_t *rk;
    bool json;
    struct buf out;
};

static int by_index(const void *x, const void *y)
{
    const partition_line *a = x, *b = y;
    return (a->partition_index > b->partition_index) - (a->partition_index < b->partition_index);
}

static const topic_line *topic_fetch(struct ask *a, const char *name)
{
    struct metadata_request_metadata_request_topic asked = {.name = kafka_string_of(name)};
    struct metadata_request r = {.topics = &asked, .topics_count = 1, .allow_auto_topic_creation = false};
    const struct metadata_response *got = ask(a, KAFKA_API_METADATA, 10, &r);
    if (!got) return NULL;
    int16_t error = got->topics_count == 1 ? got->topics[0].error_code : KAFKA_UNKNOWN_SERVER_ERROR;
    if (error != KAFKA_NONE) {
        ask_refused(a, name, error, KAFKA_STRING_NULL);
        return NULL;
    }
    if (got->topics[0].partitions_count > 0)
        qsort(got->topics[0].partitions, (size_t)got->topics[0].partitions_count, sizeof(partition_line), by_index);
    return &got->topics[0];
}

/* ---- partitions ---- */

static void ids_append(struct buf *b, const int32_t *ids, int32_t count)
{
    for (int32_t i = 0; i < count; i++) buf_printf(b, i ? ",%d" : "%d", ids[i]);
}

/* -1 where there is no leader to ask. */
static void offsets_fetch(struct description *d, const partition_line *p, int64_t *start, int64_t *end)
{
    *start = *end = -1;
    if (p->leader_id < 0) return;
    if (rd_kafka_query_watermark_offsets(d->rk, d->name, p->partition_index, start, end, TIMEOUT_MS) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        *start = *end = -1;
}

static void partition_text(struct description *d, const partition_line *p, int64_t start, int64_t end)
{
    struct buf replicas = {0}, isr = {0};
    ids_append(&replicas, p->replica_nodes, p->replica_nodes_count);
    ids_append(&isr, p->isr_nodes, p->isr_nodes_count);
    buf_printf(&d->out, "%10d %8d %-12s %-12s %12" PRId64 " %12" PRId64 "\n", p->partition_index, p->leader_id,
               buf_cstr(&replicas), buf_cstr(&isr), start, end);
    buf_release(&replicas);
    buf_release(&isr);
}

static void partition_json(struct description *d, const partition_line *p, int64_t start, int64_t end)
{
    buf_printf(&d->out, "%s{\"partition\":%d,\"leader\":%d,\"leader_epoch\":%d,\"replicas\":[",
               p == d->topic->partitions ? "" : ",", p->partition_index, p->leader_id, p->leader_epoch);
    ids_append(&d->out, p->replica_nodes, p->replica_nodes_count);
    buf_append_str(&d->out, "],\"isr\":[");
    ids_append(&d->out, p->isr_nodes, p->isr_nodes_count);
    buf_printf(&d->out, "],\"start\":%" PRId64 ",\"end\":%" PRId64 "}", start, end);
}

static void partitions_tell(struct description *d)
{
    for (int32_t i = 0; i < d->topic->partitions_count; i++) {
        int64_t start, end;
        offsets_fetch(d, &d->topic->partitions[i], &start, &end);
        (d->json ? partition_json : partition_text)(d, &d->topic->partitions[i], start, end);
    }
}

/* ---- the whole ---- */

/* What somebody set for this topic; `config get --topic` tells the rest. */
static void configs_text(struct description *d)
{
    for (int32_t i = 0; i < d->configs->configs_count; i++) {
        const config_line *c = &d->configs->configs[i];
        if (c->config_source == KAFKA_SOURCE_TOPIC)
            buf_printf(&d->out, "%10s %.*s=%.*s\n", "config", c->name.n, c->name.p, c->value.n < 0 ? 0 : c->value.n,
                       c->value.n < 0 ? "" : c->value.p);
    }
}

static void configs_json(struct description *d)
{
    for (int32_t i = 0; i < d->configs->configs_count; i++) {
        const config_line *c = &d->configs->configs[i];
        if (i) buf_append_byte(&d->out, ',');
        text_json_string(kafka_string_slice(c->name), &d->out);
        buf_append_byte(&d->out, ':');
        config_json(c, &d->out);
    }
}

static void topic_text(struct description *d)
{
    char id[23];
    kafka_uuid_to_text(d->topic->topic_id, id);
    buf_printf(&d->out, "%s: %d partitions, id %s%s\n", d->name, d->topic->partitions_count, id,
               d->topic->is_internal ? ", internal" : "");
    configs_text(d);
    buf_printf(&d->out, "%10s %8s %-12s %-12s %12s %12s\n", "PARTITION", "LEADER", "REPLICAS", "ISR", "START", "END");
    partitions_tell(d);
}

static void topic_json(struct description *d)
{
    char id[23];
    kafka_uuid_to_text(d->topic->topic_id, id);
    buf_append_str(&d->out, "{\"topic\":");
    text_json_string(slice_str(d->name), &d->out);
    buf_printf(&d->out, ",\"id\":\"%s\",\"internal\":%s,\"partitions\":[", id,
               d->topic->is_internal ? "true" : "false");
    partitions_tell(d);
    buf_append_str(&d->out, "],\"configs\":{");
    configs_json(d);
    buf_append_str(&d->out, "}}\n");
}

static int one_describe(struct ask *a, const char *name, bool json, rd_kafka_t *rk)
{
    struct description d = {.name = name, .rk = rk, .json = json};
    d.topic = topic_fetch(a, name);
    if (d.topic) d.configs = configs_fetch(a, KAFKA_RESOURCE_TOPIC, name);
    if (!d.topic || !d.configs) return CLI_USAGE;
    (json ? topic_json : topic_text)(&d);
    if (d.out.n) fwrite(d.out.p, 1, d.out.n, stdout);
    buf_release(&d.out);
    return CLI_OK;
}

int topic_describe(const char *const *names, bool json, const char *bootstrap, rd_kafka_t *rk)
{
    int status = CLI_OK;
    for (int i = 0; names[i]; i++) {
        struct ask a;
        if (!ask_open(&a, "topic describe", bootstrap)) return CLI_USAGE;
        if (one_describe(&a, names[i], json, rk) != CLI_OK) status = CLI_USAGE;
        ask_close(&a);
    }
    return status;
}
