/* consume.c - `millrace consume TOPIC`: records to standard output, alone or as a member of a group.
 *
 * Alone every partition is read from --from; as a member the group's committed offsets count and --from only says
 * where to begin when there are none. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/record.h"

enum { METADATA_MS = 10000, POLL_MS = 100 };

struct consume {
    const char *topic, *bootstrap, *group, *from, *max, *format, *key_separator;
    bool exit_at_end, help, json;
    int64_t max_records; /* INT64_MAX: no bound */
    int64_t start;       /* RD_KAFKA_OFFSET_BEGINNING, _END or an offset; for readers without a group */
    int64_t records;
    bool *ended; /* per partition: its end was seen after the last record */
    int partition_count, assigned_count;
    bool failed;
};

static volatile sig_atomic_t interrupted;
static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static int usage(FILE *to)
{
    fputs("usage: millrace consume TOPIC [--bootstrap HOST:PORT] [--group G] [--from earliest|latest|N] [--max N]\n"
          "                        [--exit-at-end] [--key-separator S] [--format text|json]\n"
          "\n"
          "Prints records until interrupted, until N were printed (--max), or until the end of every partition\n"
          "(--exit-at-end). With --group offsets are committed; --from counts where the group has none.\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

/* The end of a member's work is the end of what it was assigned. */
static void rebalanced(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct consume *c = opaque;
    memset(c->ended, 0, (size_t)c->partition_count * sizeof *c->ended);
    bool assign = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    c->assigned_count = assign ? list->cnt : 0;
    rd_kafka_assign(rk, assign ? list : NULL);
}

static int fail(const struct consume *c, const char *what)
{
    fprintf(stderr, "millrace consume: %s: %s\n", c->topic, what);
    return -1;
}

/* How many partitions there are; -1 after a message. */
static int partitions_find(struct consume *c, rd_kafka_t *rk)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, c->topic, NULL);
    rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, rkt, &metadata, METADATA_MS);
    rd_kafka_topic_destroy(rkt);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(c, rd_kafka_err2str(err));
    err = metadata->topics[0].err;
    c->partition_count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    return err != RD_KAFKA_RESP_ERR_NO_ERROR ? fail(c, rd_kafka_err2str(err)) : 0;
}

static int start(struct consume *c, rd_kafka_t *rk)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(c->partition_count);
    rd_kafka_resp_err_t err;
    if (c->group) {
        rd_kafka_topic_partition_list_add(list, c->topic, RD_KAFKA_PARTITION_UA);
        err = rd_kafka_subscribe(rk, list);
    } else {
        for (int32_t p = 0; p < c->partition_count; p++)
            rd_kafka_topic_partition_list_add(list, c->topic, p)->offset = c->start;
        c->assigned_count = c->partition_count;
        err = rd_kafka_assign(rk, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err != RD_KAFKA_RESP_ERR_NO_ERROR ? fail(c, rd_kafka_err2str(err)) : 0;
}

static bool all_ended(const struct consume *c)
{
    int ended = 0;
    for (int i = 0; i < c->partition_count; i++) ended += c->ended[i];
    return c->assigned_count > 0 && ended >= c->assigned_count;
}

static void print(struct consume *c, const rd_kafka_message_t *m, struct buf *out)
{
    buf_reset(out);
    if (c->json)
        record_json(m, out);
    else
        record_text(m, c->key_separator, out);
    if (fwrite(out->p, 1, out->n, stdout) != out->n) c->failed = true;
    if (m->partition < c->partition_count) c->ended[m->partition] = false;
    c->records++;
}

static void receive(struct consume *c, const rd_kafka_message_t *m, struct buf *out)
{
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        print(c, m, out);
    } else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (m->partition < c->partition_count) c->ended[m->partition] = true;
        fflush(stdout);
    } else if (!m->rkt || m->err != RD_KAFKA_RESP_ERR__TRANSPORT) {
        fail(c, rd_kafka_message_errstr(m));
        c->failed = true;
    }
}

static void loop(struct consume *c, rd_kafka_t *rk)
{
    struct buf out = {0};
    while (!interrupted && !c->failed && c->records < c->max_records && !(c->exit_at_end && all_ended(c))) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, POLL_MS);
        if (!m) {
            fflush(stdout);
            continue;
        }
        receive(c, m, &out);
        /* What is printed is what is committed: not what the client has read ahead. */
        if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR && c->group) rd_kafka_offset_store(m->rkt, m->partition, m->offset);
        rd_kafka_message_destroy(m);
    }
    buf_release(&out);
}

static rd_kafka_t *consumer(struct consume *c)
{
    char why[512];
    bool latest = c->from && strcmp(c->from, "latest") == 0;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, c);
    if (c->group) rd_kafka_conf_set_rebalance_cb(conf, rebalanced);
    const char *const settings[][2] = {{"group.id", c->group ? c->group : "millrace-consume"},
                                       {"enable.auto.commit", c->group ? "true" : "false"},
                                       {"enable.auto.offset.store", "false"},
                                       {"enable.partition.eof", "true"},
                                       {"auto.offset.reset", latest ? "latest" : "earliest"}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof why) != RD_KAFKA_CONF_OK) {
            fprintf(stderr, "millrace consume: %s\n", why);
            rd_kafka_conf_destroy(conf);
            return NULL;
        }
    }
    return client_handle("consume", RD_KAFKA_CONSUMER, conf, c->bootstrap);
}

/* --from and --max; false after a message. */
static bool numbers(struct consume *c)
{
    c->max_records = INT64_MAX;
    if (c->max && !client_number("consume", "--max", c->max, 0, &c->max_records)) return false;
    c->start = RD_KAFKA_OFFSET_BEGINNING;
    if (!c->from || strcmp(c->from, "earliest") == 0) return true;
    if (strcmp(c->from, "latest") == 0) {
        c->start = RD_KAFKA_OFFSET_END;
        return true;
    }
    if (c->group) {
        fprintf(stderr, "millrace consume: --from %s: with --group only earliest or latest\n", c->from);
        return false;
    }
    return client_number("consume", "--from", c->from, 0, &c->start);
}

int cli_consume(int argc, char **argv)
{
    struct consume c = {.bootstrap = CLIENT_BOOTSTRAP_DEFAULT};
    const struct client_option options[] = {{"--bootstrap", &c.bootstrap, NULL},
                                            {"--group", &c.group, NULL},
                                            {"--from", &c.from, NULL},
                                            {"--max", &c.max, NULL},
                                            {"--format", &c.format, NULL},
                                            {"--key-separator", &c.key_separator, NULL},
                                            {"--exit-at-end", NULL, &c.exit_at_end},
                                            {"--help", NULL, &c.help},
                                            {NULL, NULL, NULL}};
    if (!client_arguments("consume", argc, argv, options, &c.topic, 1)) return usage(stderr);
    if (c.help) return usage(stdout);
    if (!c.topic) return usage(stderr);
    if (!client_format("consume", c.format, &c.json) || !numbers(&c)) return CLI_USAGE;
    rd_kafka_t *rk = consumer(&c);
    if (!rk) return CLI_USAGE;
    rd_kafka_poll_set_consumer(rk);
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    int result = partitions_find(&c, rk);
    if (result == 0) c.ended = calloc((size_t)c.partition_count, sizeof *c.ended);
    if (result == 0) result = start(&c, rk);
    if (result == 0) loop(&c, rk);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    free(c.ended);
    if (fflush(stdout) != 0) c.failed = true;
    return result == 0 && !c.failed ? CLI_OK : CLI_USAGE;
}
