/* group.c - `millrace group list|describe|reset|delete`: consumer groups of any Kafka-compatible cluster. */
#include "cli/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

static int usage(FILE *to)
{
    fputs(
        "usage: millrace group list [--state STATE]\n"
        "       millrace group describe GROUP...\n"
        "       millrace group reset GROUP --topic TOPIC[:PARTITION,...] WHERE [--execute]\n"
        "       millrace group delete GROUP...\n"
        "       all of them: [--format text|json] [--bootstrap HOST:PORT]\n"
        "\n"
        "describe shows for each partition what was read, how much there is, and who reads it. reset moves the\n"
        "committed offsets of a group without members; without --execute it only shows what it would do. WHERE:\n"
        "  --to-earliest | --to-latest | --to-offset N | --to-datetime YYYY-MM-DDTHH:MM:SS[.mmm][Z] | --shift-by N\n"
        "An offset outside of a partition becomes its nearest end; a time is UTC, and finds the first record that is\n"
        "not older, or the end.\n",
        to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

int group_fail(const struct group_command *g, const char *group, const char *what)
{
    fprintf(stderr, "millrace group %s: %s%s%s\n", g->verb, group ? group : "", group ? ": " : "", what);
    return CLI_USAGE;
}

const char *group_state_name(rd_kafka_consumer_group_state_t state)
{
    switch (state) {
    case RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE: return "PreparingRebalance";
    case RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE: return "CompletingRebalance";
    case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE: return "Stable";
    case RD_KAFKA_CONSUMER_GROUP_STATE_DEAD: return "Dead";
    case RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY: return "Empty";
    default: return "Unknown";
    }
}

void group_json_field(struct buf *out, const char *before, const char *text)
{
    buf_append_str(out, before);
    if (text)
        text_json_string(slice_str(text), out);
    else
        buf_append_str(out, "null");
}

/* ---- list ---- */

static int listing_order(const void *a, const void *b)
{
    const rd_kafka_ConsumerGroupListing_t *const *x = a, *const *y = b;
    return strcmp(rd_kafka_ConsumerGroupListing_group_id(*x), rd_kafka_ConsumerGroupListing_group_id(*y));
}

static void listing_show(const struct group_command *g, const rd_kafka_ConsumerGroupListing_t *l, struct buf *out)
{
    const char *id = rd_kafka_ConsumerGroupListing_group_id(l);
    const char *state = group_state_name(rd_kafka_ConsumerGroupListing_state(l));
    if (g->state && strcasecmp(g->state, state) != 0) return;
    bool simple = rd_kafka_ConsumerGroupListing_is_simple_consumer_group(l) != 0;
    if (!g->json) {
        if (out->n == 0) buf_printf(out, "%-40s %-20s %s\n", "GROUP", "STATE", "TYPE");
        buf_printf(out, "%-40s %-20s %s\n", id, state, simple ? "simple" : "consumer");
        return;
    }
    group_json_field(out, "{\"group\":", id);
    group_json_field(out, ",\"state\":", state);
    buf_printf(out, ",\"simple\":%s}\n", simple ? "true" : "false");
}

static int listings_show(const struct group_command *g, rd_kafka_event_t *event, struct buf *out)
{
    const rd_kafka_ListConsumerGroups_result_t *result = rd_kafka_event_ListConsumerGroups_result(event);
    size_t count, error_count;
    const rd_kafka_error_t **errors = rd_kafka_ListConsumerGroups_result_errors(result, &error_count);
    const rd_kafka_ConsumerGroupListing_t **found = rd_kafka_ListConsumerGroups_result_valid(result, &count);
    const rd_kafka_ConsumerGroupListing_t **sorted = memory_copy(found, count * sizeof(*found));
    qsort(sorted, count, sizeof(*sorted), listing_order);
    for (size_t i = 0; i < count; i++) listing_show(g, sorted[i], out);
    free(sorted);
    return error_count > 0 ? group_fail(g, NULL, rd_kafka_error_string(errors[0])) : CLI_OK;
}

int group_list(const struct group_command *g, rd_kafka_t *rk, struct buf *out)
{
    struct admin a;
    admin_begin(&a, "group list", rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS);
    rd_kafka_ListConsumerGroups(rk, a.options, a.queue);
    rd_kafka_event_t *event = admin_answer(&a);
    int status = event ? listings_show(g, event, out) : CLI_USAGE;
    admin_end(&a);
    return status;
}

/* ---- delete ---- */

static int deleted_show(const struct group_command *g, const rd_kafka_group_result_t *result, struct buf *out)
{
    const char *id = rd_kafka_group_result_name(result);
    const rd_kafka_error_t *error = rd_kafka_group_result_error(result);
    if (g->json) {
        group_json_field(out, "{\"group\":", id);
        group_json_field(out, ",\"error\":", error ? rd_kafka_error_name(error) : NULL);
        buf_append_str(out, "}\n");
    }
    return error ? group_fail(g, id, rd_kafka_error_string(error)) : CLI_OK;
}

int group_delete(const struct group_command *g, rd_kafka_t *rk, struct buf *out)
{
    struct admin a;
    rd_kafka_DeleteGroup_t *groups[GROUP_NAMES_MAX];
    int status = CLI_OK;
    for (int i = 0; i < g->name_count; i++) groups[i] = rd_kafka_DeleteGroup_new(g->names[i]);
    admin_begin(&a, "group delete", rk, RD_KAFKA_ADMIN_OP_DELETEGROUPS);
    rd_kafka_DeleteGroups(rk, groups, (size_t)g->name_count, a.options, a.queue);
    rd_kafka_event_t *event = admin_answer(&a);
    size_t count = 0;
    const rd_kafka_group_result_t **results =
        event ? rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count) : NULL;
    if (!event) status = CLI_USAGE;
    for (size_t i = 0; i < count; i++)
        if (deleted_show(g, results[i], out) != CLI_OK) status = CLI_USAGE;
    admin_end(&a);
    rd_kafka_DeleteGroup_destroy_array(groups, (size_t)g->name_count);
    return status;
}

/* ---- the command ---- */

static bool where_is_one(const struct group_command *g)
{
    return g->to_earliest + g->to_latest + (g->to_offset != NULL) + (g->to_datetime != NULL) + (g->shift_by != NULL) ==
           1;
}

static int run(const struct group_command *g, const char *bootstrap)
{
    static const char *const verbs[] = {"list", "describe", "reset", "delete"};
    static int (*const runs[])(const struct group_command *, rd_kafka_t *, struct buf *) = {group_list, group_describe,
                                                                                            group_reset, group_delete};
    int verb = 0;
    while (verb < 4 && strcmp(verbs[verb], g->verb) != 0) verb++;
    bool reset = verb == 2;
    if (verb == 4 || (verb == 0) != (g->name_count == 0) || (reset && g->name_count != 1)) return usage(stderr);
    if (reset && (!g->topic || !where_is_one(g))) return usage(stderr);
    rd_kafka_t *rk = client_handle("group", RD_KAFKA_CONSUMER, rd_kafka_conf_new(), bootstrap);
    if (!rk) return CLI_USAGE;
    struct buf out = {0};
    int status = runs[verb](g, rk, &out);
    rd_kafka_destroy(rk);
    if (out.n) fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    return status;
}

int cli_group(int argc, char **argv)
{
    struct group_command g = {0};
    const char *bootstrap = CLIENT_BOOTSTRAP_DEFAULT, *format = NULL;
    bool help = false;
    const struct client_option options[] = {{"--bootstrap", &bootstrap, NULL},
                                            {"--format", &format, NULL},
                                            {"--state", &g.state, NULL},
                                            {"--topic", &g.topic, NULL},
                                            {"--to-earliest", NULL, &g.to_earliest},
                                            {"--to-latest", NULL, &g.to_latest},
                                            {"--to-offset", &g.to_offset, NULL},
                                            {"--to-datetime", &g.to_datetime, NULL},
                                            {"--shift-by", &g.shift_by, NULL},
                                            {"--execute", NULL, &g.execute},
                                            {"--help", NULL, &help},
                                            {NULL, NULL, NULL}};
    const char *words[GROUP_NAMES_MAX + 1] = {NULL};
    if (!client_arguments("group", argc, argv, options, words, GROUP_NAMES_MAX + 1)) return usage(stderr);
    if (help) return usage(stdout);
    if (!words[0]) return usage(stderr);
    g.verb = words[0];
    while (g.name_count < GROUP_NAMES_MAX && words[g.name_count + 1]) {
        g.names[g.name_count] = words[g.name_count + 1];
        g.name_count++;
    }
    return client_format("group", format, &g.json) ? run(&g, bootstrap) : CLI_USAGE;
}
