/* `millrace group describe`: a line for each partition that the group has committed or that is assigned to a member. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/group.h"
#include "lib/base/memory.h"

enum { WATERMARKS_MS = 10000 };

/* One partition as the group knows it. */
struct line {
    const char *topic;
    int32_t partition;
    int64_t committed, end;                     /* -1: unknown */
    const rd_kafka_MemberDescription_t *member; /* NULL: nobody reads it */
};

struct lines {
    struct line *items;
    size_t count;
};

rd_kafka_topic_partition_list_t *group_committed(const struct group_command *g, rd_kafka_t *rk, const char *group)
{
    struct admin a;
    rd_kafka_topic_partition_list_t *found = NULL;
    rd_kafka_ListConsumerGroupOffsets_t *request = rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
    admin_begin(&a, "group", rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_ListConsumerGroupOffsets(rk, &request, 1, a.options, a.queue);
    rd_kafka_event_t *event = admin_answer(&a);
    size_t count = 0;
    const rd_kafka_group_result_t **results = event ? rd_kafka_ListConsumerGroupOffsets_result_groups(
                                                          rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
                                                    : NULL;
    const rd_kafka_error_t *error = count > 0 ? rd_kafka_group_result_error(results[0]) : NULL;
    if (error)
        group_fail(g, group, rd_kafka_error_string(error));
    else if (count > 0)
        found = rd_kafka_topic_partition_list_copy(rd_kafka_group_result_partitions(results[0]));
    if (found) rd_kafka_topic_partition_list_sort(found, NULL, NULL);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    admin_end(&a);
    return found;
}

/* ---- the lines ---- */

static struct line *line_of(struct lines *l, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].partition == partition && strcmp(l->items[i].topic, topic) == 0) return &l->items[i];
    l->items[l->count] = (struct line){topic, partition, -1, -1, NULL};
    return &l->items[l->count++];
}

static int line_order(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int names = strcmp(x->topic, y->topic);
    return names ? names : (x->partition > y->partition) - (x->partition < y->partition);
}

static void lines_collect(struct lines *l, const rd_kafka_ConsumerGroupDescription_t *d,
                          const rd_kafka_topic_partition_list_t *committed)
{
    size_t members = rd_kafka_ConsumerGroupDescription_member_count(d), room = (size_t)committed->cnt;
    for (size_t m = 0; m < members; m++)
        room += (size_t)rd_kafka_MemberAssignment_partitions(
                    rd_kafka_MemberDescription_assignment(rd_kafka_ConsumerGroupDescription_member(d, m)))
                    ->cnt;
    l->items = memory_new((room + 1) * sizeof *l->items);
    for (int i = 0; i < committed->cnt; i++)
        line_of(l, committed->elems[i].topic, committed->elems[i].partition)->committed = committed->elems[i].offset;
    for (size_t m = 0; m < members; m++) {
        const rd_kafka_MemberDescription_t *member = rd_kafka_ConsumerGroupDescription_member(d, m);
        const rd_kafka_topic_partition_list_t *list =
            rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(member));
        for (int i = 0; i < list->cnt; i++) line_of(l, list->elems[i].topic, list->elems[i].partition)->member = member;
    }
    qsort(l->items, l->count, sizeof *l->items, line_order);
}

static void ends_ask(struct lines *l, rd_kafka_t *rk)
{
    for (size_t i = 0; i < l->count; i++) {
        int64_t low, high;
        rd_kafka_resp_err_t err =
            rd_kafka_query_watermark_offsets(rk, l->items[i].topic, l->items[i].partition, &low, &high, WATERMARKS_MS);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) l->items[i].end = high;
        if (l->items[i].committed < 0) l->items[i].committed = -1; /* the library's "invalid offset" */
    }
}

/* ---- showing ---- */

static void put_number(struct buf *out, int64_t n, bool known)
{
    if (known)
        buf_printf(out, " %15" PRId64, n);
    else
        buf_printf(out, " %15s", "-");
}

static void line_show(struct buf *out, const char *group, const struct line *l)
{
    const rd_kafka_MemberDescription_t *m = l->member;
    buf_printf(out, "%-20s %-20s %9d", group, l->topic, l->partition);
    put_number(out, l->committed, l->committed >= 0);
    put_number(out, l->end, l->end >= 0);
    put_number(out, l->end - l->committed, l->committed >= 0 && l->end >= 0);
    buf_printf(out, " %-40s %-16s %s\n", m ? rd_kafka_MemberDescription_consumer_id(m) : "-",
               m ? rd_kafka_MemberDescription_host(m) : "-", m ? rd_kafka_MemberDescription_client_id(m) : "-");
}

static void table_show(struct buf *out, const char *group, const rd_kafka_ConsumerGroupDescription_t *d,
                       const struct lines *l)
{
    const rd_kafka_Node_t *node = rd_kafka_ConsumerGroupDescription_coordinator(d);
    const char *assignor = rd_kafka_ConsumerGroupDescription_partition_assignor(d);
    size_t members = rd_kafka_ConsumerGroupDescription_member_count(d);
    buf_printf(out, "%s: %s, %zu %s%s%s", group, group_state_name(rd_kafka_ConsumerGroupDescription_state(d)), members,
               members == 1 ? "member" : "members", assignor && *assignor ? ", " : "", assignor ? assignor : "");
    if (node) buf_printf(out, ", coordinator %s:%d", rd_kafka_Node_host(node), (int)rd_kafka_Node_port(node));
    buf_append_str(out, "\n");
    if (l->count > 0)
        buf_printf(out, "%-20s %-20s %9s %15s %15s %15s %-40s %-16s %s\n", "GROUP", "TOPIC", "PARTITION",
                   "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID");
    for (size_t i = 0; i < l->count; i++) line_show(out, group, &l->items[i]);
}

static void json_number(struct buf *out, const char *before, int64_t n, bool known)
{
    buf_append_str(out, before);
    if (known)
        buf_printf(out, "%" PRId64, n);
    else
        buf_append_str(out, "null");
}

static void json_line(struct buf *out, const struct line *l)
{
    const rd_kafka_MemberDescription_t *m = l->member;
    group_json_field(out, "{\"topic\":", l->topic);
    buf_printf(out, ",\"partition\":%d", l->partition);
    json_number(out, ",\"current_offset\":", l->committed, l->committed >= 0);
    json_number(out, ",\"log_end_offset\":", l->end, l->end >= 0);
    json_number(out, ",\"lag\":", l->end - l->committed, l->committed >= 0 && l->end >= 0);
    group_json_field(out, ",\"consumer_id\":", m ? rd_kafka_MemberDescription_consumer_id(m) : NULL);
    group_json_field(out, ",\"instance_id\":", m ? rd_kafka_MemberDescription_group_instance_id(m) : NULL);
    group_json_field(out, ",\"host\":", m ? rd_kafka_MemberDescription_host(m) : NULL);
    group_json_field(out, ",\"client_id\":", m ? rd_kafka_MemberDescription_client_id(m) : NULL);
    buf_append_str(out, "}");
}

static void json_show(struct buf *out, const char *group, const rd_kafka_ConsumerGroupDescription_t *d,
                      const struct lines *l)
{
    group_json_field(out, "{\"group\":", group);
    group_json_field(out, ",\"state\":", group_state_name(rd_kafka_ConsumerGroupDescription_state(d)));
    group_json_field(out, ",\"assignor\":", rd_kafka_ConsumerGroupDescription_partition_assignor(d));
    buf_printf(out, ",\"members\":%zu,\"partitions\":[", rd_kafka_ConsumerGroupDescription_member_count(d));
    for (size_t i = 0; i < l->count; i++) {
        if (i > 0) buf_append_str(out, ",");
        json_line(out, &l->items[i]);
    }
    buf_append_str(out, "]}\n");
}

static int one_show(const struct group_command *g, rd_kafka_t *rk, const rd_kafka_ConsumerGroupDescription_t *d,
                    struct buf *out)
{
    const char *group = rd_kafka_ConsumerGroupDescription_group_id(d);
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(d);
    if (error) return group_fail(g, group, rd_kafka_error_string(error));
    if (rd_kafka_ConsumerGroupDescription_state(d) == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD)
        return group_fail(g, group, "there is no such group");
    rd_kafka_topic_partition_list_t *committed = group_committed(g, rk, group);
    if (!committed) return CLI_USAGE;
    struct lines lines = {0};
    lines_collect(&lines, d, committed);
    ends_ask(&lines, rk);
    (g->json ? json_show : table_show)(out, group, d, &lines);
    free(lines.items);
    rd_kafka_topic_partition_list_destroy(committed);
    return CLI_OK;
}

int group_describe(const struct group_command *g, rd_kafka_t *rk, struct buf *out)
{
    struct admin a;
    admin_begin(&a, "group describe", rk, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_DescribeConsumerGroups(rk, (const char **)g->names, (size_t)g->name_count, a.options, a.queue);
    rd_kafka_event_t *event = admin_answer(&a);
    int status = event ? CLI_OK : CLI_USAGE;
    size_t count = 0;
    const rd_kafka_ConsumerGroupDescription_t **found =
        event
            ? rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event), &count)
            : NULL;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && !g->json) buf_append_str(out, "\n");
        if (one_show(g, rk, found[i], out) != CLI_OK) status = CLI_USAGE;
    }
    admin_end(&a);
    return status;
}
