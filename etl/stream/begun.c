#include "etl/stream/begun.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_MS = 5000 };

struct begun {
    struct publisher *publisher;
    rd_kafka_t *reader; /* NULL before there is something to read */
    uint64_t messages;
    const char *other; /* the topic in which another stream is; NULL: none */
    char stream[STREAM_ID_SIZE];
};

static void stream_take(struct begun *b, const char *topic, const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers;
    const void *id = "";
    size_t n = 0;
    bool has = rd_kafka_message_headers(m, &headers) == 0 &&
               rd_kafka_header_get_last(headers, "millrace-stream", &id, &n) == 0;
    const char *own = b->publisher->stream;
    if (has && n == strlen(own) && memcmp(id, own, n) == 0) return;
    b->other = topic;
    snprintf(b->stream, sizeof b->stream, "%.*s", has ? (int)n : 0, (const char *)id);
}

static void first_read(struct begun *b, const char *topic, int32_t partition, int64_t offset)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(b->reader, topic, NULL);
    if (handle && rd_kafka_consume_start(handle, partition, offset) == 0) {
        rd_kafka_message_t *m = rd_kafka_consume(handle, partition, ANSWER_MS);
        if (m && !m->err) stream_take(b, topic, m);
        if (m) rd_kafka_message_destroy(m);
        rd_kafka_consume_stop(handle, partition);
    }
    if (handle) rd_kafka_topic_destroy(handle);
}

static bool reader_open(struct begun *b)
{
    const char *const settings[] = {"enable.auto.commit", "false", "fetch.wait.max.ms", "10", NULL};
    if (!b->reader)
        b->reader = client_new(RD_KAFKA_CONSUMER, b->publisher->broker.bootstrap, settings,
                               &(struct client_callbacks){0}, b->publisher->error);
    return b->reader != NULL;
}

static void partitions_look(struct begun *b, int topic)
{
    const char *name = b->publisher->topics.names[topic];
    for (int32_t i = 0; i < b->publisher->partitions[topic] && !b->other; i++) {
        int64_t low, high;
        if (rd_kafka_query_watermark_offsets(b->publisher->producer, name, i, &low, &high, ANSWER_MS) != 0) return;
        if (high <= low) continue;
        bool first = b->messages == 0;
        b->messages += (uint64_t)(high - low);
        if (first && !reader_open(b)) return;
        if (first) first_read(b, name, i, low);
    }
}

#define OTHER_STREAM                                                                                                   \
    "another stream is in topic %s already (%s; this one is %s): other files, or another definition. A topic carries " \
    "one stream: who loads it stops at the first message of a second one"

static int judge(struct begun *b)
{
    struct publisher *p = b->publisher;
    const char *found = b->stream[0] ? b->stream : "messages of no stream";
    if (b->other && !p->options->begun)
        return err_set(p->error, ERR_EXISTS, OTHER_STREAM "; publish to a topic of its own (--topic), or say --begun",
                       b->other, found, p->stream);
    if (b->other)
        fprintf(stderr, "publish %s: " OTHER_STREAM "\n", p->definition->name, b->other, found, p->stream);
    else if (b->messages)
        fprintf(stderr,
                "publish %s: %" PRIu64 " messages of this stream are there already: it is sent again, and who loads it "
                "leaves out what was loaded\n",
                p->definition->name, b->messages);
    return 0;
}

int begun_check(struct publisher *p)
{
    struct begun b = {.publisher = p};
    uint64_t messages = 0;
    for (int t = 0; t < p->topics.count && !b.other; t++) {
        b.messages = 0;
        partitions_look(&b, t);
        messages += b.messages;
    }
    b.messages = messages;
    if (b.reader) rd_kafka_destroy(b.reader);
    return judge(&b);
}
