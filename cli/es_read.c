/* es_read.c - `millrace es read`: events as they come, however long the stream is. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/es.h"
#include "etl/eventstore/instant.h"

#define TEXT(s) (int)(s).n, (s).p ? (const char *)(s).p : ""

struct reading {
    const struct es_command *c;
    int64_t from, to, until, shown;
    bool failed;
};

static void event_print(const struct reading *w, const struct es_record *r, const struct es_event *e)
{
    char at[INSTANT_SIZE];
    struct buf line = {0};
    if (w->c->json) {
        es_event_json(r, e, &line);
        fwrite(line.p, 1, line.n, stdout);
        putchar('\n');
        buf_release(&line);
        return;
    }
    instant_print(r->timestamp, at);
    printf("%-16.*s %6" PRId64 "  %s  %-18.*s %-10.*s ", TEXT(r->stream), e->version, at, TEXT(e->type), TEXT(e->id));
    es_print_value(e->data);
    putchar('\n');
}

static void refused_print(const struct reading *w, const struct es_record *r, int64_t before)
{
    char at[INSTANT_SIZE];
    if (w->c->json) {
        es_print_line(es_refused_value(r, before));
        return;
    }
    instant_print(r->timestamp, at);
    printf("%-16.*s      -  %s  ", TEXT(r->stream), at);
    if (r->malformed)
        printf("malformed (partition %" PRId32 ", offset %" PRId64 "): %s\n", r->partition, r->offset, r->malformed);
    else
        printf("%-18.*s %-10.*s refused: expected %" PRId64 ", was %" PRId64 "\n", TEXT(r->events[0].type),
               TEXT(r->events[0].id), r->expected, before);
}

static int each(void *context, struct es_record *r, bool counts, int64_t before)
{
    struct reading *w = context;
    if (ferror(stdout)) return 1;
    if (!counts && w->c->refused) refused_print(w, r, before);
    for (int i = 0; counts && i < r->count; i++) {
        const struct es_event *e = &r->events[i];
        /* Of all streams another one may still have some. */
        if ((w->to > 0 && e->version > w->to) || (w->until > 0 && r->timestamp > w->until)) return w->c->stream != NULL;
        if (e->version < w->from) continue;
        event_print(w, r, e);
        w->shown++;
    }
    return 0;
}

/* As of an instant a stream ends before its first later event; the others are read on. */
static int all_read(const struct es_command *c, struct reading *w, struct err_text *error)
{
    struct table versions = {0};
    struct arena arena = {0};
    int result = 0;
    for (int32_t p = 0; p < es_partitions(c->store) && result == 0; p++)
        result = es_walk_partition(c->store, p, 0, &versions, &arena, each, w, NULL, error);
    table_release(&versions);
    arena_release(&arena);
    return result;
}

int es_read_command(struct es_command *c)
{
    struct err_text error = {""};
    struct reading w = {.c = c};
    json_t *o = json_object();
    bool good = es_put_number(c, o, "from", "--from", c->from) && es_put_number(c, o, "to", "--to", c->to) &&
                es_put_range(c, o);
    w.from = json_integer_value(json_object_get(o, "from"));
    w.to = json_integer_value(json_object_get(o, "to"));
    w.until = json_integer_value(json_object_get(o, "until"));
    json_decref(o);
    if (!good) return CLI_USAGE;
    if (c->stream && !es_name_good(slice_str(c->stream))) {
        err_set(&error, ERR_INVALID, "STREAM must be 1 to %d bytes of UTF-8", ES_NAME_MAX);
        return es_complain(c, &error);
    }
    int result = c->stream ? es_walk(c->store, slice_str(c->stream), (struct es_place){0}, each, &w, &error)
                           : all_read(c, &w, &error);
    return result == 0 ? CLI_OK : es_complain(c, &error);
}
