/* plain_redis.c - Redis Streams as far as a load needs them (plain.h).
 *
 *     XADD topic * m MESSAGE            -> $N CRLF id CRLF, or -ERR ...
 *     XREAD COUNT n BLOCK ms STREAMS topic ID
 *                                       -> *-1, or *1 *2 $N topic *M, then M times *2 $N id *2 $1 m $N MESSAGE
 *
 * Every entry costs an id of its own, which Redis makes. */
#include <stdio.h>
#include <string.h>

#include "bench/plain.h"
#include "lib/base/text.h"

enum { READ_COUNT = 1000 };
static const char start[] = "0-0";

static void bulk(struct buf *out, const void *p, size_t n)
{
    buf_printf(out, "$%zu\r\n", n);
    buf_append(out, p, n);
    buf_append_str(out, "\r\n");
}

static void word(struct buf *out, const char *text)
{
    bulk(out, text, strlen(text));
}

static void publish(struct buf *out, const char *topic, struct slice message)
{
    buf_append_str(out, "*5\r\n");
    word(out, "XADD");
    word(out, topic);
    word(out, "*");
    word(out, "m");
    bulk(out, message.p, message.n);
}

/* --- a cursor over an answer that may not be whole --- */

struct resp {
    struct slice in;
    size_t at;
    bool more, wrong; /* bytes are missing; it is something else */
};

/* The number of a line "TYPE number CRLF"; that of "-ERR ..." is 0. */
static int64_t number(struct resp *r, char type)
{
    const uint8_t *p = r->in.p + r->at;
    if (r->more || r->wrong) return 0;
    const uint8_t *end = r->at < r->in.n ? memchr(p, '\n', r->in.n - r->at) : NULL;
    r->more = !end;
    if (!end) return 0;
    int64_t value = 0;
    size_t digits = end - p >= 3 && end[-1] == '\r' ? (size_t)(end - p) - 2 : 0;
    bool is_number = text_to_i64((struct slice){p + 1, digits}, &value);
    r->wrong = *p != (uint8_t)type || (type != '-' && !is_number);
    if (!r->wrong) r->at = (size_t)(end + 1 - r->in.p);
    return r->wrong ? 0 : value;
}

static struct slice text(struct resp *r)
{
    int64_t n = number(r, '$');
    struct slice s = {r->in.p + r->at, n > 0 ? (size_t)n : 0};
    if (r->more || r->wrong) return (struct slice){0};
    r->more = r->in.n - r->at < s.n + 2;
    if (r->more) return (struct slice){0};
    r->at += s.n + 2;
    return s;
}

static int64_t taken(const struct resp *r)
{
    return r->wrong ? -1 : r->more ? 0 : (int64_t)r->at;
}

static int64_t answer(struct slice in, struct plain_answer *a)
{
    struct resp r = {.in = in};
    a->acked = in.n > 0 && in.p[0] == '$';
    if (a->acked)
        text(&r);
    else
        number(&r, '-');
    return taken(&r);
}

/* --- receiving --- */

static void ask(struct buf *out, const char *topic, const char *position)
{
    char count[16];
    snprintf(count, sizeof count, "%d", READ_COUNT);
    buf_append_str(out, "*8\r\n");
    word(out, "XREAD");
    word(out, "COUNT");
    word(out, count);
    word(out, "BLOCK");
    word(out, "100");
    word(out, "STREAMS");
    word(out, topic);
    word(out, position[0] ? position : start);
}

static int64_t entries(struct resp *r)
{
    if (number(r, '*') <= 0) return 0;
    number(r, '*');
    text(r);
    return number(r, '*');
}

static struct slice entry(struct resp *r, struct slice *id)
{
    number(r, '*');
    *id = text(r);
    number(r, '*');
    text(r);
    return text(r);
}

static int64_t reply(struct slice in, char position[64], void (*message)(void *context, struct slice m), void *context)
{
    struct resp whole = {.in = in}, r = {.in = in};
    struct slice id = {0};
    int64_t count = entries(&whole);
    for (int64_t i = 0; i < count && !whole.more && !whole.wrong; i++) entry(&whole, &id);
    if (taken(&whole) <= 0) return taken(&whole);
    entries(&r);
    for (int64_t i = 0; i < count; i++) message(context, entry(&r, &id));
    if (count > 0) snprintf(position, 64, "%.*s", (int)id.n, (const char *)id.p);
    return taken(&whole);
}

/* --- single questions --- */

static void of_topic(struct buf *out, const char *command, const char *topic)
{
    buf_append_str(out, "*2\r\n");
    word(out, command);
    word(out, topic);
}

static void length(struct buf *out, const char *topic)
{
    of_topic(out, "XLEN", topic);
}

static void remove_topic(struct buf *out, const char *topic)
{
    of_topic(out, "DEL", topic);
}

static int64_t told(struct slice in, int64_t *value)
{
    struct resp r = {.in = in};
    *value = number(&r, ':');
    return taken(&r);
}

const struct plain_protocol plain_redis = {.name = "redis",
                                           .publish = publish,
                                           .answer = answer,
                                           .ask = ask,
                                           .reply = reply,
                                           .length = length,
                                           .remove = remove_topic,
                                           .told = told};
