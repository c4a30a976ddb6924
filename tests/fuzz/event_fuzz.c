/* event_fuzz - any record as an append of the event store: what is decoded comes back the same from its encoding.
 *
 * An input reads: the key; headers, NAME=VALUE, a line each; an empty line; the value. */
#include <assert.h>
#include <string.h>

#include "etl/eventstore/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice line_next(struct slice *rest)
{
    const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    struct slice line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
    size_t taken = line.n + (end != NULL);
    rest->p += taken;
    rest->n -= taken;
    return line;
}

static void raw_read(struct slice rest, struct arena *arena, struct es_raw *raw)
{
    *raw = (struct es_raw){.key = line_next(&rest)};
    for (struct slice line = line_next(&rest); line.n > 0; line = line_next(&rest)) {
        const uint8_t *split = memchr(line.p, '=', line.n);
        if (!split || raw->header_count == ES_HEADERS_MAX) continue;
        struct slice name = slice_of(line.p, (size_t)(split - line.p));
        raw->headers[raw->header_count++] =
            (struct es_header){arena_str(arena, name), slice_of(split + 1, line.n - name.n - 1)};
    }
    raw->value = rest;
}

static void check_same(const struct es_record *a, const struct es_record *b)
{
    assert(!b->malformed && slice_equal(a->stream, b->stream) && slice_equal(a->by, b->by));
    assert(a->expected == b->expected && a->count == b->count && a->partitions == b->partitions);
    for (int i = 0; i < a->count; i++) {
        const struct es_event *x = &a->events[i], *y = &b->events[i];
        assert(slice_equal(x->id, y->id) && slice_equal(x->type, y->type) && x->schema == y->schema);
        assert(slice_equal(x->correlation, y->correlation) && slice_equal(x->causation, y->causation));
        assert(slice_equal(x->compensates, y->compensates) && json_equal(x->data, y->data));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct es_raw raw, again;
    struct es_record record, back;
    raw_read(slice_of(data, size), &arena, &raw);
    es_record_decode(&raw, &arena, &record);
    assert(record.malformed ? record.count == 0 : record.count > 0);
    if (!record.malformed) {
        es_record_encode(&record, &arena, &again);
        es_record_decode(&again, &arena, &back);
        check_same(&record, &back);
        es_record_release(&back);
    }
    es_record_release(&record);
    arena_release(&arena);
    return 0;
}
