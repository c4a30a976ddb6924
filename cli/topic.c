/* topic.c - `millrace topic create|list|describe|alter|delete`: topics of any Kafka-compatible cluster. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/admin_client.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/config_change.h"
#include "cli/topic_delete_records.h"
#include "cli/topic_describe.h"
#include "cli/unknown.h"
#include "lib/base/text.h"

enum { WORDS_MAX = 258, LABEL_SIZE = 320 };

struct topic_command {
    const char *verb, *name, *bootstrap, *partitions, *format;
    char label[LABEL_SIZE];           /* "topic create: NAME", for messages */
    const char *words[WORDS_MAX + 1]; /* the verb, then names; NULL ends them */
    struct config_changes configs;
    bool json, help;
    int64_t partition_count;
};

static int usage(FILE *to)
{
    fputs("usage: millrace topic create NAME [--partitions N] [-c key=value ...] [--bootstrap HOST:PORT]\n"
          "       millrace topic alter NAME [--partitions N] [-c key=value ...] [--delete-config KEY ...]\n"
          "                           [--bootstrap HOST:PORT]\n"
          "       millrace topic describe NAME ... [--format text|json] [--bootstrap HOST:PORT]\n"
          "       millrace topic list [--format text|json] [--bootstrap HOST:PORT]\n"
          "       millrace topic delete NAME [--bootstrap HOST:PORT]\n"
          "       millrace topic delete-records NAME[:PARTITION,...] --before OFFSET|end [--bootstrap HOST:PORT]\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static int fail(const struct topic_command *t, const char *what)
{
    fprintf(stderr, "millrace %s: %s\n", t->label, what);
    return CLI_USAGE;
}

/* What the only topic of an answer says. */
static int answer_read(const struct topic_command *t, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        break;
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
        results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count);
        break;
    default: results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count); break;
    }
    if (count != 1) return fail(t, "the answer is about no topic");
    if (rd_kafka_topic_result_error(results[0]) == RD_KAFKA_RESP_ERR_NO_ERROR) return CLI_OK;
    const char *text = rd_kafka_topic_result_error_string(results[0]);
    return fail(t, text ? text : rd_kafka_err2str(rd_kafka_topic_result_error(results[0])));
}

/* The brokers, too, may take their time: until the topic is there, or gone. */
static void change_begin(const struct topic_command *t, struct admin *a, rd_kafka_t *rk, rd_kafka_admin_op_t op)
{
    char why[128];
    admin_begin(a, t->label, rk, op);
    rd_kafka_AdminOptions_set_operation_timeout(a->options, ADMIN_TIMEOUT_MS, why, sizeof why);
}

static int change_end(const struct topic_command *t, struct admin *a)
{
    rd_kafka_event_t *event = admin_answer(a);
    int status = event ? answer_read(t, event) : CLI_USAGE;
    admin_end(a);
    return status;
}

static int create(const struct topic_command *t, rd_kafka_t *rk)
{
    char why[256];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(t->name, (int)t->partition_count, -1, why, sizeof why);
    if (!topic) return fail(t, why);
    for (int i = 0; i < t->configs.count; i++) /* C strings both: config_changes_add cut them */
        rd_kafka_NewTopic_set_config(topic, t->configs.items[i].name.p, t->configs.items[i].value.p);
    struct admin a;
    change_begin(t, &a, rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(rk, &topic, 1, a.options, a.queue);
    int status = change_end(t, &a);
    rd_kafka_NewTopic_destroy(topic);
    return status;
}

static int delete (const struct topic_command *t, rd_kafka_t *rk)
{
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(t->name);
    struct admin a;
    change_begin(t, &a, rk, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_DeleteTopics(rk, &topic, 1, a.options, a.queue);
    int status = change_end(t, &a);
    rd_kafka_DeleteTopic_destroy(topic);
    return status;
}

/* --- alter: partitions by librdkafka, configs by what it cannot send (IncrementalAlterConfigs) --- */

static int partitions_add(const struct topic_command *t, rd_kafka_t *rk)
{
    char why[256];
    rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(t->name, (size_t)t->partition_count, why, sizeof why);
    if (!more) return fail(t, why);
    struct admin a;
    change_begin(t, &a, rk, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS);
    rd_kafka_CreatePartitions(rk, &more, 1, a.options, a.queue);
    int status = change_end(t, &a);
    rd_kafka_NewPartitions_destroy(more);
    return status;
}

static int configs_change(const struct topic_command *t, bool validate_only)
{
    struct ask a;
    if (!ask_open(&a, "topic alter", t->bootstrap)) return CLI_USAGE;
    bool altered = configs_alter(&a, KAFKA_RESOURCE_TOPIC, t->name, &t->configs, validate_only);
    ask_close(&a);
    return altered ? CLI_OK : CLI_USAGE;
}

/* Both or none, as far as the broker's checks go: partitions cannot be taken back. */
static int alter(const struct topic_command *t, rd_kafka_t *rk)
{
    bool both = t->partitions && t->configs.count > 0;
    if (!t->partitions && t->configs.count == 0) return fail(t, "nothing to alter");
    if (both && configs_change(t, true) != CLI_OK) return CLI_USAGE;
    if (t->partitions && partitions_add(t, rk) != CLI_OK) return CLI_USAGE;
    return t->configs.count > 0 ? configs_change(t, false) : CLI_OK;
}

static int describe(const struct topic_command *t, rd_kafka_t *rk)
{
    return topic_describe(t->words + 1, t->json, t->bootstrap, rk);
}

static int by_name(const void *a, const void *b)
{
    const struct rd_kafka_metadata_topic *x = a, *y = b;
    return strcmp(x->topic, y->topic);
}

static int list(const struct topic_command *t, rd_kafka_t *rk)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 1, NULL, &metadata, ADMIN_TIMEOUT_MS);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(t, rd_kafka_err2str(err));
    qsort(metadata->topics, (size_t)metadata->topic_cnt, sizeof *metadata->topics, by_name);
    if (!t->json && metadata->topic_cnt) printf("%-40s %10s\n", "TOPIC", "PARTITIONS");
    struct buf out = {0};
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[i];
        if (t->json) {
            buf_append_str(&out, "{\"topic\":");
            text_json_string(slice_str(topic->topic), &out);
            buf_printf(&out, ",\"partitions\":%d}\n", topic->partition_cnt);
        } else {
            buf_printf(&out, "%-40s %10d\n", topic->topic, topic->partition_cnt);
        }
    }
    rd_kafka_metadata_destroy(metadata);
    if (out.n) fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    return CLI_OK;
}

struct verb {
    const char *name;
    int (*run)(const struct topic_command *, rd_kafka_t *);
    int names_min, names_max;
};

static const struct verb *verb_find(const struct topic_command *t)
{
    static const struct verb verbs[] = {{"create", create, 1, 1},
                                        {"alter", alter, 1, 1},
                                        {"describe", describe, 1, WORDS_MAX - 1},
                                        {"delete", delete, 1, 1},
                                        {"list", list, 0, 0}};
    int names = 0;
    while (t->words[0] && t->words[names + 1]) names++;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (t->words[0] && strcmp(verbs[i].name, t->words[0]) == 0)
            return names >= verbs[i].names_min && names <= verbs[i].names_max ? &verbs[i] : NULL;
    return NULL;
}

/* Options that only one verb has; a config cannot be deleted of a topic that is not there yet. */
static bool options_fit(const struct topic_command *t)
{
    bool creating = strcmp(t->verb, "create") == 0, altering = strcmp(t->verb, "alter") == 0;
    for (int i = 0; i < t->configs.count; i++)
        if (!altering && !(creating && t->configs.items[i].config_operation == KAFKA_OP_SET)) return false;
    return !t->partitions || creating || altering;
}

int cli_topic(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "delete-records") == 0) return topic_delete_records(argc - 1, argv + 1);
    struct topic_command t = {.bootstrap = CLIENT_BOOTSTRAP_DEFAULT, .partition_count = -1};
    const struct client_option options[] = {{"--bootstrap", &t.bootstrap, NULL},
                                            {"--partitions", &t.partitions, NULL},
                                            {"--format", &t.format, NULL},
                                            {"--help", NULL, &t.help},
                                            {NULL, NULL, NULL}};
    if (!config_changes_take("topic", "-c", KAFKA_OP_SET, &argc, argv, &t.configs) ||
        !config_changes_take("topic", "--delete-config", KAFKA_OP_DELETE, &argc, argv, &t.configs))
        return CLI_USAGE;
    if (!client_arguments("topic", argc, argv, options, t.words, WORDS_MAX)) return usage(stderr);
    if (t.help) return usage(stdout);
    const struct verb *verb = verb_find(&t);
    if (!verb) return t.words[0] ? cli_unknown("topic", t.words[0], usage) : usage(stderr);
    t.verb = t.words[0];
    t.name = t.words[1];
    snprintf(t.label, sizeof t.label, "topic %s%s%s", t.verb, t.name ? ": " : "", t.name ? t.name : "");
    if (!options_fit(&t)) return usage(stderr);
    if (!client_format("topic", t.format, &t.json)) return CLI_USAGE;
    if (t.partitions && !client_number("topic", "--partitions", t.partitions, 1, &t.partition_count)) return CLI_USAGE;
    rd_kafka_t *rk = client_handle("topic", RD_KAFKA_PRODUCER, rd_kafka_conf_new(), t.bootstrap);
    if (!rk) return CLI_USAGE;
    int status = verb->run(&t, rk);
    rd_kafka_destroy(rk);
    return status;
}
