/* message_fuzz.h - the property that the fuzzers of messages share. */
#ifndef MILLRACE_TESTS_MESSAGE_FUZZ_H
#define MILLRACE_TESTS_MESSAGE_FUZZ_H

#include <assert.h>
#include <string.h>

#include "lib/kafka/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks at every byte that a decoded struct points to. */
static inline void fuzz_touch(void *context, const struct kafka_field *f, int depth, int32_t index, const void *value)
{
    unsigned *sum = context;
    enum kafka_type type = index >= 0 ? f->element : f->type;
    struct slice s = {NULL, 0};
    if (type == KAFKA_STRING) s = kafka_string_slice(*(const struct kafka_string *)value);
    if (type == KAFKA_BYTES || type == KAFKA_RECORDS) s = kafka_bytes_slice(*(const struct kafka_bytes *)value);
    for (size_t i = 0; i < s.n; i++) *sum += s.p[i];
    assert(depth < 16);
}

static inline void fuzz_message(const struct message *m, int version, struct slice body)
{
    struct arena a = {0};
    struct buf once = {0}, twice = {0};
    unsigned sum = 0;
    void *out = kafka_struct_array(m->root, &a, 1);
    size_t before = a.used;
    int err = kafka_decode(m, version, body, &a, out);
    assert(a.used - before <= body.n * KAFKA_ARENA_FACTOR);
    if (!err) {
        kafka_walk(m, version, out, fuzz_touch, &sum);
        err = kafka_encode(m, version, out, &once);
        assert(!err);
        err = kafka_decode(m, version, buf_slice(&once), &a, out);
        assert(!err);
        err = kafka_encode(m, version, out, &twice);
        assert(!err);
        assert(once.n == twice.n && (once.n == 0 || memcmp(once.p, twice.p, once.n) == 0));
    }
    buf_release(&once);
    buf_release(&twice);
    arena_release(&a);
}

#endif
