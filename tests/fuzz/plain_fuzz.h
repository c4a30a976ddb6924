/* plain_fuzz.h - what a Redis or NATS server sends, through the decoders of bench/plain.h.
 *
 *     input := kind uint8, size of the pieces uint8, bytes
 *
 * kind 0: answers to messages; 1: what a receiver gets; 2: what a question is told. The bytes come as a whole and, in a
 * buffer of their exact size, piece by piece; both must give the same. A decoder takes what is there or nothing, and
 * gives no message that lies outside of it. */
#ifndef MILLRACE_TESTS_PLAIN_FUZZ_H
#define MILLRACE_TESTS_PLAIN_FUZZ_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct plain_seen {
    const struct plain_protocol *protocol;
    int kind;
    struct slice in;
    struct buf found; /* each message, or each answer */
    char position[64];
};

static void plain_message(void *context, struct slice m)
{
    struct plain_seen *s = context;
    assert(m.n == 0 || (m.p >= s->in.p && m.p + m.n <= s->in.p + s->in.n));
    buf_append_slice(&s->found, m);
    buf_append_byte(&s->found, '|');
}

/* One frame; bytes taken, 0 or -1. */
static int64_t plain_frame(struct plain_seen *s)
{
    struct plain_answer a = {0};
    int64_t value = 0, n;
    if (s->kind == 0) {
        n = s->protocol->answer(s->in, &a);
        if (n > 0) buf_append_byte(&s->found, (uint8_t)('a' + a.acked + 2 * a.none));
    } else if (s->kind == 1) {
        n = s->protocol->reply(s->in, s->position, plain_message, s);
    } else {
        n = s->protocol->told(s->in, &value);
        if (n > 0) buf_append(&s->found, &value, sizeof value);
    }
    assert(n >= -1 && n <= (int64_t)s->in.n);
    return n;
}

/* All that can be taken of the first `n` bytes, in memory that ends where they do; false at an error. */
static bool plain_take(struct plain_seen *s, const uint8_t *p, size_t n, size_t *taken)
{
    uint8_t *copy = malloc(n - *taken + (n == *taken));
    int64_t one = 1;
    if (n > *taken) memcpy(copy, p + *taken, n - *taken);
    for (size_t at = 0, end = n - *taken; one > 0 && at<end; at += one> 0 ? (size_t)one : 0) {
        s->in = (struct slice){copy + at, end - at};
        one = plain_frame(s);
        if (one > 0) *taken += (size_t)one;
    }
    free(copy);
    return one >= 0;
}

static int plain_fuzz(const struct plain_protocol *protocol, const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    struct plain_seen whole = {.protocol = protocol, .kind = data[0] % 3}, pieces = whole;
    size_t n = size - 2, piece = 1 + data[1], taken = 0, taken_pieces = 0;
    bool ok = plain_take(&whole, data + 2, n, &taken), ok_pieces = true;
    for (size_t at = 0; at < n && ok_pieces;) {
        at = piece < n - at ? at + piece : n;
        ok_pieces = plain_take(&pieces, data + 2, at, &taken_pieces);
    }
    if (ok) assert(ok_pieces && taken == taken_pieces);
    assert(pieces.found.n <= whole.found.n || !ok);
    if (ok)
        assert(pieces.found.n == whole.found.n &&
               (whole.found.n == 0 || memcmp(whole.found.p, pieces.found.p, whole.found.n) == 0));
    buf_release(&whole.found);
    buf_release(&pieces.found);
    return 0;
}

#endif
