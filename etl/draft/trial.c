#include "etl/draft/trial.h"

#include <stdlib.h>

#include "etl/parse.h"
#include "etl/source/source.h"
#include "etl/source/split.h"
#include "lib/base/memory.h"

/* Calls `each` for the records of one feed. 0, or negative; false of `each` ends it. */
typedef bool record_fn(void *context, struct arena *arena, const struct record *record);

static int records_read(const struct feed *feed, const struct sample *sample, record_fn *each, void *context,
                        struct err_text *error)
{
    struct source_list list = {0};
    struct source_reader *reader = NULL;
    struct arena arena = {0};
    int err = source_list_read(feed, sample->dir, &list, error);
    if (!err && list.count) err = source_open(feed, sample->dir, &list.files[0], &reader, error);
    while (reader && !err) {
        struct record record;
        err = source_next(reader, &record, error);
        if (err <= 0) break;
        err = 0;
        arena_reset(&arena);
        if (!each(context, &arena, &record)) break;
    }
    source_close(reader);
    source_list_release(&list);
    arena_release(&arena);
    return err;
}

/* --- as texts --- */

struct texts {
    struct splitter splitter;
    const struct feed *feed;
    int skip;
    uint64_t records_max;
    trial_fn *each;
    void *context;
    struct trial *out;
    struct slice *fields;
};

static bool texts_take(void *context, struct arena *arena, const struct record *record)
{
    struct texts *t = context;
    if (t->skip > 0) return t->skip--, true;
    if (t->out->records == t->records_max) return false;
    t->out->records++;
    if (!splitter_split(&t->splitter, record, arena)) return t->out->malformed++, true;
    for (int c = 0; c < t->feed->field_count; c++) {
        struct slice s = {NULL, 0};
        int at = t->splitter.layout.fields[c];
        if (at >= 0 && at < t->splitter.field_count) s = t->splitter.fields[at];
        t->fields[c] = s;
    }
    return t->each(t->context, arena, t->fields);
}

int draft_trial_read(const struct sample *sample, const char *source, int skip, uint64_t records_max, trial_fn *each,
                     void *context, struct trial *out, struct err_text *error)
{
    struct buf json = {0};
    struct definition *d;
    *out = (struct trial){0};
    buf_printf(&json, "{\"pipeline\": \"sample\", \"version\": 1, \"source\": %s, \"tables\": [{\"name\": \"t\"}]}",
               source);
    int err = definition_parse(buf_slice(&json), sample->path, &d, error);
    if (!err) {
        struct texts t = {.feed = &d->feeds[0],
                          .skip = skip,
                          .records_max = records_max,
                          .each = each,
                          .context = context,
                          .out = out};
        t.fields = memory_new((size_t)t.feed->field_count * sizeof *t.fields);
        splitter_open(&t.splitter, t.feed);
        err = records_read(t.feed, sample, texts_take, &t, error);
        splitter_close(&t.splitter);
        free(t.fields);
    }
    definition_free(d);
    buf_release(&json);
    return err;
}

/* --- as the drafted definition says --- */

struct judge {
    struct row_parser *parser;
    uint64_t left;
    struct trial *out;
};

static bool judge_take(void *context, struct arena *arena, const struct record *record)
{
    struct judge *j = context;
    struct row row;
    if (j->left-- == 0) return false;
    row_parse(j->parser, record, arena, &row);
    j->out->records++;
    j->out->malformed += row.bucket != ROW_VALID;
    return true;
}

int draft_trial_judge(const struct sample *sample, struct slice definition, uint64_t records_max, struct trial *out,
                      struct err_text *error)
{
    struct definition *d;
    *out = (struct trial){0};
    int err = definition_parse(definition, sample->path, &d, error);
    for (int i = 0; !err && i < d->feed_count; i++) {
        struct judge j = {row_parser_new(&d->feeds[i]), records_max, out};
        err = records_read(&d->feeds[i], sample, judge_take, &j, error);
        row_parser_free(j.parser);
    }
    definition_free(d);
    return err;
}
