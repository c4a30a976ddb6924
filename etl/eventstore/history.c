#include "etl/eventstore/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "etl/eventstore/instant.h"

#define TEXT(s) (int)(s).n, (s).p ? (const char *)(s).p : ""

struct history {
    struct es_index index;
    json_t *lines;
    struct buf line;
};

static void line_end(struct history *h)
{
    json_array_append_new(h->lines, json_stringn((const char *)h->line.p, h->line.n));
    buf_reset(&h->line);
}

static void data_add(struct history *h, const json_t *data)
{
    char *text = json_dumps(data, JSON_COMPACT);
    buf_append_str(&h->line, text);
    free(text);
}

static void by_add(struct history *h, const struct es_record *r)
{
    if (r->by.n) buf_printf(&h->line, " by %.*s", TEXT(r->by));
}

static void event_line(struct history *h, const struct es_record *r, const struct es_event *e, const char *at)
{
    buf_printf(&h->line, "v%-4" PRId64 " %s  %.*s ", e->version, at, TEXT(e->type));
    data_add(h, e->data);
    buf_printf(&h->line, "  [%.*s]", TEXT(e->id));
    by_add(h, r);
    if (e->compensates.n) buf_printf(&h->line, ", takes back [%.*s]", TEXT(e->compensates));
    if (e->causation.n) buf_printf(&h->line, ", because of [%.*s]", TEXT(e->causation));
    line_end(h);
}

static void refused_line(struct history *h, const struct es_record *r, const char *at, bool again, int64_t before)
{
    const struct es_event *e = r->events;
    buf_printf(&h->line, "--    %s  ", at);
    if (again) {
        buf_printf(&h->line, "again: %.*s [%.*s]", TEXT(e->type), TEXT(e->id));
        by_add(h, r);
        buf_append_str(&h->line, ", a repetition of what counts already");
    } else {
        buf_printf(&h->line, "refused: %.*s [%.*s]", TEXT(e->type), TEXT(e->id));
        if (r->count > 1) buf_printf(&h->line, " and %d more", r->count - 1);
        by_add(h, r);
        buf_printf(&h->line, ": expected %" PRId64 ", was %" PRId64, r->expected, before);
        if (r->expected < before) buf_printf(&h->line, " (event %s came first)", h->index.by_version[r->expected]);
    }
    line_end(h);
}

static int each(void *context, struct es_record *r, bool counts, int64_t before)
{
    struct history *h = context;
    char at[INSTANT_SIZE];
    instant_print(r->timestamp, at);
    bool again = !counts && !r->malformed && table_get(&h->index.ids, r->events[0].id);
    es_index_step(&h->index, r);
    if (counts) {
        for (int i = 0; i < r->count; i++) event_line(h, r, &r->events[i], at);
    } else if (r->malformed) {
        buf_printf(&h->line, "--    %s  malformed (offset %" PRId64 "): %s", at, r->offset, r->malformed);
        line_end(h);
    } else {
        refused_line(h, r, at, again, before);
    }
    return 0;
}

int es_history(struct es_store *s, struct slice stream, json_t **lines, struct err_text *error)
{
    struct history h = {.lines = json_array()};
    es_index_init(&h.index, NULL);
    int result = es_walk(s, stream, (struct es_place){0}, each, &h, error);
    if (result == 0 && json_array_size(h.lines) == 0)
        result = err_set(error, ERR_NOTFOUND, "topic %s has no stream %.*s", es_topic(s), TEXT(stream));
    if (result == 0) *lines = json_incref(h.lines);
    json_decref(h.lines);
    es_index_release(&h.index);
    buf_release(&h.line);
    return result;
}
