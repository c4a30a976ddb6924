/* produce.c - `millrace produce TOPIC`: a line of standard input is a record.
 *
 * Ends with 0 only when every record was acknowledged; the first that was not is named with its line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/record.h"

struct produce {
    const char *topic, *bootstrap, *key_separator, *acks, *compression, *partition, *format;
    bool json, help;
    uint64_t lines, acknowledged, failed;
};

static int usage(FILE *to)
{
    fputs("usage: millrace produce TOPIC [--bootstrap HOST:PORT] [--key-separator S] [--partition N]\n"
          "                        [--acks 0|1|all] [--compression none|gzip|snappy|lz4|zstd] [--format text|json]\n"
          "\n"
          "A line of standard input is a record; with --key-separator what stands before the first S is its key.\n"
          "--format json prints an object per acknowledged record. Status 2 when one was not acknowledged.\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct produce *p = opaque;
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (p->failed++ == 0)
            fprintf(stderr, "millrace produce: line %zu: %s\n", (size_t)(uintptr_t)m->_private,
                    rd_kafka_err2str(m->err));
        return;
    }
    p->acknowledged++;
    if (!p->json) return;
    struct buf out = {0};
    record_json(m, &out);
    fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
}

/* Splits a line at the separator and hands it over; waits while the client's queue is full. */
static int line_send(struct produce *p, rd_kafka_t *rk, int32_t partition, char *line, size_t n)
{
    char *value = line, *split = p->key_separator ? memmem(line, n, p->key_separator, strlen(p->key_separator)) : NULL;
    if (split) value = split + strlen(p->key_separator);
    size_t key_n = split ? (size_t)(split - line) : 0;
    for (;;) {
        rd_kafka_resp_err_t err = rd_kafka_producev(
            rk, RD_KAFKA_V_TOPIC(p->topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(split ? line : NULL, key_n),
            RD_KAFKA_V_VALUE(value, n - (size_t)(value - line)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_OPAQUE((void *)(uintptr_t)p->lines), RD_KAFKA_V_END);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            fprintf(stderr, "millrace produce: line %llu: %s\n", (unsigned long long)p->lines, rd_kafka_err2str(err));
            return -1;
        }
        rd_kafka_poll(rk, 100);
    }
}

static int lines_send(struct produce *p, rd_kafka_t *rk, int32_t partition)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    int result = 0;
    while (result == 0 && p->failed == 0 && (n = getline(&line, &capacity, stdin)) >= 0) {
        p->lines++;
        if (n > 0 && line[n - 1] == '\n') n--;
        result = line_send(p, rk, partition, line, (size_t)n);
        rd_kafka_poll(rk, 0);
    }
    free(line);
    if (ferror(stdin)) {
        fprintf(stderr, "millrace produce: standard input: %s\n", strerror(errno));
        result = -1;
    }
    return result;
}

static rd_kafka_t *producer(struct produce *p)
{
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, p);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set(conf, "linger.ms", "5", why, sizeof why);
    const struct {
        const char *key, *value;
    } given[] = {{"acks", p->acks}, {"compression.type", p->compression}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (given[i].value &&
            rd_kafka_conf_set(conf, given[i].key, given[i].value, why, sizeof why) != RD_KAFKA_CONF_OK) {
            fprintf(stderr, "millrace produce: %s\n", why);
            rd_kafka_conf_destroy(conf);
            return NULL;
        }
    }
    return client_handle("produce", RD_KAFKA_PRODUCER, conf, p->bootstrap);
}

int cli_produce(int argc, char **argv)
{
    struct produce p = {.bootstrap = CLIENT_BOOTSTRAP_DEFAULT};
    const struct client_option options[] = {{"--bootstrap", &p.bootstrap, NULL},
                                            {"--key-separator", &p.key_separator, NULL},
                                            {"--acks", &p.acks, NULL},
                                            {"--format", &p.format, NULL},
                                            {"--compression", &p.compression, NULL},
                                            {"--partition", &p.partition, NULL},
                                            {"--help", NULL, &p.help},
                                            {NULL, NULL, NULL}};
    if (!client_arguments("produce", argc, argv, options, &p.topic, 1)) return usage(stderr);
    if (p.help) return usage(stdout);
    int64_t partition = RD_KAFKA_PARTITION_UA;
    if (!p.topic || !client_format("produce", p.format, &p.json)) return usage(stderr);
    if (p.key_separator && !*p.key_separator) {
        fputs("millrace produce: --key-separator must not be empty\n", stderr);
        return CLI_USAGE;
    }
    if (p.partition && !client_number("produce", "--partition", p.partition, 0, &partition)) return CLI_USAGE;
    rd_kafka_t *rk = producer(&p);
    if (!rk) return CLI_USAGE;
    int result = lines_send(&p, rk, (int32_t)partition);
    while (rd_kafka_outq_len(rk) > 0) rd_kafka_poll(rk, 100);
    rd_kafka_destroy(rk);
    fprintf(stderr, "%llu of %llu records acknowledged\n", (unsigned long long)p.acknowledged,
            (unsigned long long)p.lines);
    return result == 0 && p.failed == 0 ? CLI_OK : CLI_USAGE;
}
