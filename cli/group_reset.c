/* `millrace group reset`: new committed offsets for a group that has no members.
 *
 *     the partitions asked for -> where each is to go -> within its ends -> shown -> with --execute: committed */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/group.h"
#include "cli/partitions.h"
#include "lib/base/text.h"

enum { ASK_MS = 10000 };

/* ---- where to ---- */

/* UTC, as milliseconds; a 'Z' at the end changes nothing. */
static bool time_parse(const char *text, int64_t *ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int millis = 0, used = 0;
    if (rest && *rest == '.') {
        if (sscanf(rest, ".%3d%n", &millis, &used) != 1 || used != 4 || millis < 0) return false;
        rest += used;
    }
    if (!rest || (*rest && strcmp(rest, "Z") != 0)) return false;
    *ms = (int64_t)timegm(&tm) * 1000 + millis;
    return true;
}

static int to_times(const struct group_command *g, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    int64_t ms;
    if (!time_parse(g->to_datetime, &ms)) return group_fail(g, g->to_datetime, "not a time like 2026-01-31T12:00:00");
    for (int i = 0; i < list->cnt; i++) list->elems[i].offset = ms;
    rd_kafka_resp_err_t err = rd_kafka_offsets_for_times(rk, list, ASK_MS);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return group_fail(g, g->topic, rd_kafka_err2str(err));
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].offset < 0) list->elems[i].offset = INT64_MAX; /* none is that young: the end */
    return CLI_OK;
}

static int to_shifted(const struct group_command *g, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    int64_t by;
    if (!text_to_i64(slice_str(g->shift_by), &by) || by > INT32_MAX || by < INT32_MIN)
        return group_fail(g, g->shift_by, "not a whole number");
    rd_kafka_topic_partition_list_t *committed = group_committed(g, rk, g->names[0]);
    int status = committed ? CLI_OK : CLI_USAGE;
    for (int i = 0; committed && i < list->cnt; i++) {
        rd_kafka_topic_partition_t *p = &list->elems[i];
        const rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_find(committed, p->topic, p->partition);
        if (!at || at->offset < 0)
            status = group_fail(g, p->topic, "a partition has no committed offset to shift");
        else
            p->offset = at->offset + by;
    }
    if (committed) rd_kafka_topic_partition_list_destroy(committed);
    return status;
}

static int targets_find(const struct group_command *g, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    int64_t offset = g->to_earliest ? 0 : INT64_MAX;
    if (g->to_datetime) return to_times(g, rk, list);
    if (g->shift_by) return to_shifted(g, rk, list);
    if (g->to_offset && (!text_to_i64(slice_str(g->to_offset), &offset) || offset < 0))
        return group_fail(g, g->to_offset, "not an offset");
    for (int i = 0; i < list->cnt; i++) list->elems[i].offset = offset;
    return CLI_OK;
}

/* The nearest end for what lies outside. */
static int targets_bound(const struct group_command *g, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *p = &list->elems[i];
        int64_t low, high;
        rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(rk, p->topic, p->partition, &low, &high, ASK_MS);
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return group_fail(g, p->topic, rd_kafka_err2str(err));
        if (p->offset < low) p->offset = low;
        if (p->offset > high) p->offset = high;
    }
    return CLI_OK;
}

/* ---- doing it ---- */

static int state_check(const struct group_command *g, rd_kafka_t *rk)
{
    struct admin a;
    const char *groups[] = {g->names[0]};
    char what[160];
    int status = CLI_USAGE;
    admin_begin(&a, "group reset", rk, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_DescribeConsumerGroups(rk, groups, 1, a.options, a.queue);
    rd_kafka_event_t *event = admin_answer(&a);
    size_t count = 0;
    const rd_kafka_ConsumerGroupDescription_t **found =
        event
            ? rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event), &count)
            : NULL;
    const rd_kafka_error_t *error = count ? rd_kafka_ConsumerGroupDescription_error(found[0]) : NULL;
    rd_kafka_consumer_group_state_t state =
        count ? rd_kafka_ConsumerGroupDescription_state(found[0]) : RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN;
    if (error) {
        group_fail(g, g->names[0], rd_kafka_error_string(error));
    } else if (state == RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY || state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD) {
        status = CLI_OK; /* a group that is not known yet is made by its first offsets */
    } else if (count) {
        snprintf(what, sizeof what, "offsets can only be reset while the group has no members; it is %s",
                 group_state_name(state));
        group_fail(g, g->names[0], what);
    }
    admin_end(&a);
    return status;
}

static int commit(const struct group_command *g, rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list)
{
    struct admin a;
    rd_kafka_AlterConsumerGroupOffsets_t *request = rd_kafka_AlterConsumerGroupOffsets_new(g->names[0], list);
    int status = CLI_USAGE;
    admin_begin(&a, "group reset", rk, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS);
    rd_kafka_AlterConsumerGroupOffsets(rk, &request, 1, a.options, a.queue);
    rd_kafka_event_t *event = admin_answer(&a);
    size_t count = 0;
    const rd_kafka_group_result_t **results =
        event ? rd_kafka_AlterConsumerGroupOffsets_result_groups(rd_kafka_event_AlterConsumerGroupOffsets_result(event),
                                                                 &count)
              : NULL;
    const rd_kafka_error_t *error = count ? rd_kafka_group_result_error(results[0]) : NULL;
    const rd_kafka_topic_partition_list_t *done = count ? rd_kafka_group_result_partitions(results[0]) : NULL;
    if (error) group_fail(g, g->names[0], rd_kafka_error_string(error));
    if (count && !error) status = CLI_OK;
    for (int i = 0; done && !error && i < done->cnt; i++)
        if (done->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
            status = group_fail(g, done->elems[i].topic, rd_kafka_err2str(done->elems[i].err));
    admin_end(&a);
    rd_kafka_AlterConsumerGroupOffsets_destroy(request);
    return status;
}

static void targets_show(const struct group_command *g, const rd_kafka_topic_partition_list_t *list, struct buf *out)
{
    if (!g->json) buf_printf(out, "%-20s %-20s %9s %15s\n", "GROUP", "TOPIC", "PARTITION", "NEW-OFFSET");
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        if (!g->json) {
            buf_printf(out, "%-20s %-20s %9d %15" PRId64 "\n", g->names[0], p->topic, p->partition, p->offset);
            continue;
        }
        group_json_field(out, "{\"group\":", g->names[0]);
        group_json_field(out, ",\"topic\":", p->topic);
        buf_printf(out, ",\"partition\":%d,\"new_offset\":%" PRId64 ",\"executed\":%s}\n", p->partition, p->offset,
                   g->execute ? "true" : "false");
    }
}

int group_reset(const struct group_command *g, rd_kafka_t *rk, struct buf *out)
{
    const char *why;
    rd_kafka_topic_partition_list_t *list = partitions_of(rk, g->topic, &why);
    if (!list) return group_fail(g, g->topic, why);
    int status = state_check(g, rk);
    if (status == CLI_OK) status = targets_find(g, rk, list);
    if (status == CLI_OK) status = targets_bound(g, rk, list);
    if (status == CLI_OK && g->execute) status = commit(g, rk, list);
    if (status == CLI_OK) {
        rd_kafka_topic_partition_list_sort(list, NULL, NULL);
        targets_show(g, list, out);
        if (!g->execute) fputs("millrace group reset: nothing was changed; --execute does it\n", stderr);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}
