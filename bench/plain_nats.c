/* plain_nats.c - NATS JetStream as far as a load needs it (plain.h).
 *
 *     PUB SUBJECT REPLY SIZE CRLF MESSAGE CRLF      ->   MSG REPLY SID SIZE CRLF {"stream": ..., "seq": 7} CRLF
 *     PUB $JS.API.CONSUMER.CREATE.STREAM ...        ->   MSG SUBJECT SID ACK-SUBJECT SIZE CRLF MESSAGE CRLF, and on
 *
 * A topic is a stream of that name with that one subject. What a stream stored is answered in the order of its
 * messages. INFO, PING and +OK are passed over: a server gives up on who does not answer its PING after minutes, no
 * load on one connection lasts for so long. */
#include <string.h>

#include "bench/plain.h"
#include "lib/base/text.h"

#define CONNECT  "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"name\":\"bench\"}\r\n"
#define ANSWERS  "_INBOX.bench-answers"
#define QUESTION "_INBOX.bench-question"
#define MESSAGES "_INBOX.bench-messages"

static void publish(struct buf *out, const char *topic, struct slice message)
{
    buf_printf(out, "PUB %s " ANSWERS ".%s %zu\r\n", topic, topic, message.n);
    buf_append_slice(out, message);
    buf_append_str(out, "\r\n");
}

/* --- frames --- */

struct frame {
    bool message; /* a MSG; else something that is passed over */
    struct slice subject, payload;
};

/* The size is the last word of the line, the subject its second. */
static bool head_read(struct slice line, struct frame *f, size_t *size)
{
    size_t end = line.n;
    while (end > 0 && line.p[end - 1] != ' ') end--;
    const uint8_t *space = memchr(line.p + 4, ' ', line.n - 4);
    int64_t n;
    if (end <= 4 || !space || !text_to_i64((struct slice){line.p + end, line.n - end}, &n)) return false;
    f->subject = (struct slice){line.p + 4, (size_t)(space - line.p) - 4};
    *size = (size_t)n;
    return n >= 0 && n < INT64_C(1) << 31;
}

/* How many bytes the frame at the start of `in` has; 0 while it is not whole, -1 when it is an error. */
static int64_t frame_read(struct slice in, struct frame *f)
{
    const uint8_t *end = in.n > 0 ? memchr(in.p, '\n', in.n) : NULL;
    size_t size = 0;
    *f = (struct frame){0};
    if (!end) return 0;
    size_t head = (size_t)(end - in.p) + 1;
    if (in.p[0] == '-') return -1;
    f->message = head > 6 && memcmp(in.p, "MSG ", 4) == 0;
    if (!f->message) return (int64_t)head;
    if (!head_read((struct slice){in.p, head - 2}, f, &size)) return -1;
    if (in.n < head + size + 2) return 0;
    f->payload = (struct slice){in.p + head, size};
    return (int64_t)(head + size + 2);
}

static bool has(struct slice s, const char *text)
{
    return s.n > 0 && memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static int64_t answer(struct slice in, struct plain_answer *a)
{
    struct frame f;
    int64_t n = frame_read(in, &f);
    a->none = !f.message;
    a->acked = f.message && !has(f.payload, "\"error\"");
    return n;
}

/* --- receiving --- */

static void begin(struct buf *out, const char *topic, bool receives)
{
    struct buf body = {0};
    buf_append_str(out, CONNECT);
    if (!receives) {
        buf_printf(out, "SUB " ANSWERS ".%s 1\r\n", topic);
        return;
    }
    buf_printf(&body,
               "{\"stream_name\":\"%s\",\"config\":{\"deliver_subject\":\"" MESSAGES
               ".%s\",\"ack_policy\":\"none\",\"deliver_policy\":\"all\"}}",
               topic, topic);
    buf_printf(out, "SUB " MESSAGES ".%s 2\r\nPUB $JS.API.CONSUMER.CREATE.%s %zu\r\n", topic, topic, body.n);
    buf_append_slice(out, buf_slice(&body));
    buf_append_str(out, "\r\n");
    buf_release(&body);
}

/* It is pushed: there is nothing to ask. */
static void ask(struct buf *out, const char *topic, const char *position)
{
    (void)out, (void)topic, (void)position;
}

static int64_t reply(struct slice in, char position[64], void (*message)(void *context, struct slice m), void *context)
{
    size_t at = 0;
    (void)position;
    for (;;) {
        struct frame f;
        int64_t n = frame_read((struct slice){in.p + at, in.n - at}, &f);
        if (n < 0) return -1;
        if (n == 0) return (int64_t)at;
        if (f.message) message(context, f.payload);
        at += (size_t)n;
    }
}

/* --- single questions --- */

static void api(struct buf *out, const char *call, const char *topic, const char *body)
{
    buf_printf(out, CONNECT "SUB " QUESTION ".%s 3\r\nPUB $JS.API.STREAM.%s.%s " QUESTION ".%s %zu\r\n%s\r\n", topic,
               call, topic, topic, strlen(body), body);
}

static void length(struct buf *out, const char *topic)
{
    api(out, "INFO", topic, "");
}

static void make(struct buf *out, const char *topic)
{
    struct buf body = {0};
    buf_printf(
        &body,
        "{\"name\":\"%s\",\"subjects\":[\"%s\"],\"storage\":\"file\",\"retention\":\"limits\",\"num_replicas\":1}",
        topic, topic);
    api(out, "CREATE", topic, buf_cstr(&body));
    buf_release(&body);
}

static void remove_topic(struct buf *out, const char *topic)
{
    api(out, "DELETE", topic, "");
}

/* The digits behind a key, 0 without. */
static int64_t count_of(struct slice json, const char *key)
{
    int64_t value = 0;
    const uint8_t *at = json.n == 0 ? NULL : memmem(json.p, json.n, key, strlen(key));
    if (!at) return 0;
    struct slice digits = {at + strlen(key), 0};
    while (digits.p + digits.n < json.p + json.n && digits.p[digits.n] >= '0' && digits.p[digits.n] <= '9') digits.n++;
    return text_to_i64(digits, &value) ? value : 0;
}

/* The value is that of "messages", where there is one. */
static int64_t told(struct slice in, int64_t *value)
{
    struct frame f = {0};
    size_t at = 0;
    while (!f.message) {
        int64_t n = frame_read((struct slice){in.p + at, in.n - at}, &f);
        if (n <= 0) return n;
        at += (size_t)n;
    }
    *value = count_of(f.payload, "\"messages\":");
    return has(f.payload, "\"error\"") ? -1 : (int64_t)at;
}

const struct plain_protocol plain_nats = {.name = "nats",
                                          .publish = publish,
                                          .answer = answer,
                                          .ask = ask,
                                          .reply = reply,
                                          .begin = begin,
                                          .length = length,
                                          .make = make,
                                          .remove = remove_topic,
                                          .told = told};
