/* topic.c - `millrace topic create|list|delete`: topics of any Kafka-compatible cluster. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "lib/base/text.h"

enum { TIMEOUT_MS = 30000, CONFIGS_MAX = 64 };

struct topic_command {
    const char *verb, *name, *bootstrap, *partitions, *format;
    const char *configs[CONFIGS_MAX]; /* "key=value" */
    int config_count;
    bool json, help;
    int64_t partition_count;
};

static int usage(FILE *to)
{
    fputs("usage: millrace topic create NAME [--partitions N] [-c key=value ...] [--bootstrap HOST:PORT]\n"
          "       millrace topic list [--format text|json] [--bootstrap HOST:PORT]\n"
          "       millrace topic delete NAME [--bootstrap HOST:PORT]\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static int fail(const struct topic_command *t, const char *what)
{
    fprintf(stderr, "millrace topic %s: %s%s%s\n", t->verb, t->name ? t->name : "", t->name ? ": " : "", what);
    return CLI_USAGE;
}

/* What the only topic of an answer says. */
static int answer_read(const struct topic_command *t, rd_kafka_event_t *event)
{
    if (!event) return fail(t, "no answer from the cluster");
    if (rd_kafka_event_error(event)) return fail(t, rd_kafka_event_error_string(event));
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT
            ? rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            : rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    if (count != 1) return fail(t, "the answer is about no topic");
    if (rd_kafka_topic_result_error(results[0]) == RD_KAFKA_RESP_ERR_NO_ERROR) return CLI_OK;
    const char *text = rd_kafka_topic_result_error_string(results[0]);
    return fail(t, text ? text : rd_kafka_err2str(rd_kafka_topic_result_error(results[0])));
}

/* Waits for the answer and frees what the request needed. */
static int answer_wait(const struct topic_command *t, rd_kafka_queue_t *queue, rd_kafka_AdminOptions_t *options)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS + 1000);
    int status = answer_read(t, event);
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return status;
}

static rd_kafka_AdminOptions_t *admin_options(rd_kafka_t *rk, rd_kafka_admin_op_t op)
{
    char why[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, op);
    rd_kafka_AdminOptions_set_request_timeout(options, TIMEOUT_MS, why, sizeof why);
    rd_kafka_AdminOptions_set_operation_timeout(options, TIMEOUT_MS, why, sizeof why);
    return options;
}

static int create(const struct topic_command *t, rd_kafka_t *rk)
{
    char why[256];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(t->name, (int)t->partition_count, -1, why, sizeof why);
    if (!topic) return fail(t, why);
    for (int i = 0; i < t->config_count; i++) {
        char key[256];
        const char *equals = strchr(t->configs[i], '=');
        snprintf(key, sizeof key, "%.*s", (int)(equals - t->configs[i]), t->configs[i]);
        rd_kafka_NewTopic_set_config(topic, key, equals + 1);
    }
    rd_kafka_AdminOptions_t *options = admin_options(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &topic, 1, options, queue);
    int status = answer_wait(t, queue, options);
    rd_kafka_NewTopic_destroy(topic);
    return status;
}

static int delete (const struct topic_command *t, rd_kafka_t *rk)
{
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(t->name);
    rd_kafka_AdminOptions_t *options = admin_options(rk, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopics(rk, &topic, 1, options, queue);
    int status = answer_wait(t, queue, options);
    rd_kafka_DeleteTopic_destroy(topic);
    return status;
}

static int by_name(const void *a, const void *b)
{
    const struct rd_kafka_metadata_topic *x = a, *y = b;
    return strcmp(x->topic, y->topic);
}

static int list(const struct topic_command *t, rd_kafka_t *rk)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 1, NULL, &metadata, TIMEOUT_MS);
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
    bool written = fwrite(out.p ? (const char *)out.p : "", 1, out.n, stdout) == out.n && fflush(stdout) == 0;
    buf_release(&out);
    return written ? CLI_OK : CLI_USAGE;
}

/* Takes "-c key=value" out of the arguments, as it may stand several times. */
static bool configs_take(struct topic_command *t, int *argc, char **argv)
{
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], "-c") != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        if (i + 1 == *argc || !strchr(argv[i + 1], '=') || t->config_count == CONFIGS_MAX) {
            fputs("millrace topic: -c needs key=value\n", stderr);
            return false;
        }
        t->configs[t->config_count++] = argv[++i];
    }
    *argc = kept;
    return true;
}

int cli_topic(int argc, char **argv)
{
    struct topic_command t = {.bootstrap = CLIENT_BOOTSTRAP_DEFAULT, .partition_count = -1};
    const struct client_option options[] = {{"--bootstrap", &t.bootstrap, NULL},
                                            {"--partitions", &t.partitions, NULL},
                                            {"--format", &t.format, NULL},
                                            {"--help", NULL, &t.help},
                                            {NULL, NULL, NULL}};
    const char *words[2] = {NULL, NULL};
    if (!configs_take(&t, &argc, argv)) return CLI_USAGE;
    if (!client_arguments("topic", argc, argv, options, words, 2)) return usage(stderr);
    if (t.help) return usage(stdout);
    t.verb = words[0];
    t.name = words[1];
    static const char *const verbs[] = {"create", "delete", "list"};
    static int (*const run[])(const struct topic_command *, rd_kafka_t *) = {create, delete, list};
    int verb = 0;
    while (verb < 3 && (!t.verb || strcmp(verbs[verb], t.verb) != 0)) verb++;
    bool wants_name = verb < 2;
    if (verb == 3 || wants_name != (t.name != NULL)) return usage(stderr);
    if (!client_format("topic", t.format, &t.json)) return CLI_USAGE;
    if (t.partitions && !client_number("topic", "--partitions", t.partitions, 1, &t.partition_count)) return CLI_USAGE;
    rd_kafka_t *rk = client_handle("topic", RD_KAFKA_PRODUCER, rd_kafka_conf_new(), t.bootstrap);
    if (!rk) return CLI_USAGE;
    int status = run[verb](&t, rk);
    rd_kafka_destroy(rk);
    return status;
}
